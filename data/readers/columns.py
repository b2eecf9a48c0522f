"""Which column of a file is which: a mapping from options or a small TOML, checked against the columns there are."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from data.readers.archives import existing
from gis.errors import BadInput


def named_columns(options: Mapping[str, str | None], toml: Path | None) -> dict[str, str]:
    """Which column holds what, as options and a TOML file say; an option goes before the file.

    Args:
        options: Each role that an import knows -> the column that an option names for it, or None.
        toml: A file with one table, `[columns]`, and a role with its column on each line: `id = "case_number"`.

    Returns:
        Role -> column, for the roles that were named.

    Raises:
        BadInput: `mapping_bad`, or those of a file that cannot be opened.

    >>> named_columns({"id": "number", "name": None}, None)
    {'id': 'number'}
    """
    given = {role: column for role, column in options.items() if column}
    return given if toml is None else _mapping(toml, options) | given


def read_pairs(path: Path, table: str) -> dict[str, str]:
    """The words of a TOML file that holds one table of `name = "value"`.

    Raises:
        BadInput: `mapping_bad`, or those of a file that cannot be opened.
    """
    file = existing(path)
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(file, f"it is not TOML ({error}).") from error
    pairs = tables.pop(table, None)
    if not isinstance(pairs, dict) or tables:
        raise _bad(file, f"it must hold one table, [{table}], and nothing else.")
    for name, value in pairs.items():
        if not isinstance(value, str) or not value:
            raise _bad(file, f"{name} must name a {table.removesuffix('s')}, in quotes.")
    return pairs


def _mapping(path: Path, roles: Iterable[str]) -> dict[str, str]:
    columns = read_pairs(path, "columns")
    for name in columns:
        if name not in roles:
            known = list(roles)
            raise _bad(
                path, f"this import asks for no '{name}'{_nearest(name, known)} It asks for: {', '.join(known)}."
            )
    return columns


def _bad(path: Path, what: str) -> BadInput:
    return BadInput("mapping_bad", f"The mapping {path.name} cannot be used: {what}", field="mapping", value=path)


def _nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word, with the known one that looks like it where there is one."""
    lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), lower, n=1)
    return f"; did you mean {lower[near[0]]}?" if near else "."


def settled_columns(there: Iterable[object], named: Mapping[str, str], roles: Iterable[str]) -> dict[str, str]:
    """The column of each role: the one that was named, else the one called as the role where there is one.

    Args:
        there: The columns of the file.
        named: Role -> column; each must be there.
        roles: The roles that are taken where there are any.

    Raises:
        BadInput: `column_missing`.

    >>> settled_columns(["no", "name", "tel"], {"phone": "tel"}, ["name", "phone", "organisation"])
    {'name': 'name', 'phone': 'tel'}
    """
    names = [str(name) for name in there]
    require(names, named)
    return {role: role for role in roles if role in names} | dict(named)


def column_names(fields: list[str], file: str) -> list[str]:
    """The names a header gives, trimmed; a column without one is called by its place, `column_3`.

    Raises:
        BadInput: `column_duplicate`.
    """
    names = [name.strip() or f"column_{place}" for place, name in enumerate(fields, start=1)]
    check_names(names, file)
    return names


def check_names(names: Iterable[str], file: str) -> None:
    """Refuse columns that share a name.

    Raises:
        BadInput: `column_duplicate`.
    """
    twice = [str(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        detail = f"{file} has more than one column named {', '.join(twice)}; give each its own name."
        raise BadInput("column_duplicate", detail, field="column", value=twice[0], values={"columns": twice})


def require(columns: Iterable[str], mapping: Mapping[str, str | None]) -> None:
    """Check that every column a mapping names is there.

    Args:
        columns: The columns of the file.
        mapping: Our name -> the file's name, or None where that field is not asked for.

    Raises:
        BadInput: `column_missing`, with the columns there are and the nearest name.

    >>> require(["id", "longitude"], {"id": "id", "lon": "longtude"})
    Traceback (most recent call last):
    gis.errors.BadInput: There is no column longtude (for lon); did you mean longitude? The columns are: id, longitude.
    """
    there = [name for name in columns if name != "row_no"]
    for ours, theirs in mapping.items():
        if theirs is not None and theirs not in there:
            hint = _nearest(theirs, there)
            detail = f"There is no column {theirs} (for {ours}){hint} The columns are: {', '.join(there)}."
            raise BadInput("column_missing", detail, field=ours, value=theirs, values={"columns": there})
