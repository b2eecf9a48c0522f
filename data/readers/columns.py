"""Which column of a file is which: a mapping from options or a small TOML, checked against the columns there are."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from data.readers.archives import existing
from gis.errors import BadInput


def load_mapping(toml_path: Path | str) -> dict[str, str]:
    """Read a mapping of columns from a TOML file with one table, `[columns]`.

    Args:
        toml_path: A file such as `[columns]` followed by `id = "case_number"`, `lon = "longitude"`.

    Returns:
        Our name -> the file's name.

    Raises:
        BadInput: `mapping_bad`, or those of a file that cannot be opened.
    """
    path = existing(toml_path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(path, f"it is not TOML ({error})") from error
    columns = tables.pop("columns", None)
    if not isinstance(columns, dict) or tables:
        raise _bad(path, "it must hold one table, [columns], and nothing else")
    for name, column in columns.items():
        if not isinstance(column, str) or not column:
            raise _bad(path, f"{name} must name a column, in quotes")
    return columns


def _bad(path: Path, what: str) -> BadInput:
    return BadInput("mapping_bad", f"The mapping {path.name} cannot be used: {what}.", field="mapping", value=path)


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
            lower = {name.lower(): name for name in there}
            near = get_close_matches(theirs.lower(), lower, n=1)
            hint = f"; did you mean {lower[near[0]]}?" if near else "."
            detail = f"There is no column {theirs} (for {ours}){hint} The columns are: {', '.join(there)}."
            raise BadInput("column_missing", detail, field=ours, value=theirs, values={"columns": there})
