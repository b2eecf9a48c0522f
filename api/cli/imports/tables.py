"""Tables whose rows are known by a key, read whole and taken in as one batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from api.cli.output import Output
from api.cli.service import service_engine
from data.readers.rows import read_rows
from data.session import unit_of_work
from layers.batches import Summary
from layers.staff.intake import PeopleTable, import_people


def import_table(
    out: Output,
    file: Path,
    table: PeopleTable,
    tree: str,
    columns: Mapping[str, str],
    time_zone: str,
    encoding: str | None,
) -> Summary:
    """Read a file and take its rows in.

    Args:
        out: Hears how far it is.
        file: The file.
        table: What its rows are.
        tree: The city.
        columns: Role -> column, where that is not called as the role.
        time_zone: IANA zone of times that carry none.
        encoding: Of the text, where the file does not say it.
    """
    with unit_of_work(service_engine(out, long=True)) as session, out.progress(f"Importing {file.name}") as advance:
        (chunk,) = read_rows(file, encoding=encoding, chunk_rows=10**9)
        return import_people(
            session,
            out.actor,
            chunk,
            table,
            tree=tree,
            columns=columns,
            time_zone=time_zone,
            file=file.name,
            progress=advance,
        )
