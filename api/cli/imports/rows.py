"""`gridkeeper import cases` and `staff`: tables, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from api.cli.imports.speech import Columns, Crs, Datum, Encoding, File, LayerName, Tree, tell, told
from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.readers.columns import named_columns, read_pairs
from data.readers.rows import read_rows
from data.session import unit_of_work
from gis.errors import BadInput
from layers.batches import Summary
from layers.cases.bulk import import_cases
from layers.cases.rows import ROLES, RowOptions
from layers.grids.schemes import DEFAULT_SCHEME, scheme_named
from layers.staff.intake import ABSENCES, DUTIES, STAFF, import_people

_COUNTED = {
    "without_matter": "{} are of a category that the catalogue does not know: the rules for any matter hold.",
    "unknown_department": "{} name a department that the catalogue does not know.",
    "closed_without_time": "{} are closed, and nobody says when.",
    "closed_without_limit": "{} are closed and had no limit.",
}
"""Sum of an import -> the sentence that tells it."""

# While two chunks are stored the next is judged; more rows would only take more memory.
_CHUNK_ROWS = 50_000


def cases(
    context: typer.Context,
    file: File,
    scheme: Annotated[str, typer.Option(help="Routing scheme.")] = DEFAULT_SCHEME,
    dataset: Annotated[str | None, typer.Option(help="Name under which ids are unique; the file name if none.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column with the source id; the row number if none.")] = None,
    lon: Annotated[str | None, typer.Option(help="Column with longitude or easting.")] = None,
    lat: Annotated[str | None, typer.Option(help="Column with latitude or northing.")] = None,
    at: Annotated[str | None, typer.Option(help="Column with the time it happened.")] = None,
    received_at: Annotated[str | None, typer.Option(help="Column with the time it was received.")] = None,
    closed_at: Annotated[str | None, typer.Option(help="Column with the time it was closed.")] = None,
    category: Annotated[str | None, typer.Option(help="Column with the category.")] = None,
    matters: Annotated[Path | None, typer.Option(help="TOML file that maps categories to codes of matters.")] = None,
    description: Annotated[str | None, typer.Option(help="Column with the description.")] = None,
    state: Annotated[str | None, typer.Option(help="Column with the state; 'reported' if none.")] = None,
    source: Annotated[str | None, typer.Option(help="Column with where the report came from.")] = None,
    urgency: Annotated[str | None, typer.Option(help="Column with the urgency: normal or urgent.")] = None,
    department: Annotated[str | None, typer.Option(help="Column with the code of the department.")] = None,
    datum: Datum = None,
    datum_column: Annotated[str | None, typer.Option(help="Column that declares each row's datum.")] = None,
    columns: Columns = None,
    tz: Annotated[str | None, typer.Option(help="Time zone of naive times; the scheme's if not given.")] = None,
    time_format: Annotated[str | None, typer.Option(help="How times are written, like %d/%m/%Y %H:%M.")] = None,
    expect: Annotated[str | None, typer.Option(help="Column with official grids, to test the datum with.")] = None,
    encoding: Encoding = None,
    delimiter: Annotated[str | None, typer.Option(help="Field delimiter; told from the header if not given.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    layer: LayerName = None,
    crs: Crs = None,
) -> None:
    """Import cases; every row is stored or set aside with its reason, and a second run adds nothing."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    given = (id_, lon, lat, datum_column, at, received_at, closed_at, category, description, state, source)
    named = named_columns(dict(zip(ROLES, (*given, urgency, department), strict=True)), columns)
    with unit_of_work(bind) as session:
        zone = tz or scheme_named(session, scheme).time_zone
    options = RowOptions(
        columns=named,
        datum=datum,
        time_zone=zone,
        time_format=time_format,
        matters=read_pairs(matters, "matters") if matters else {},
    )
    reading = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet, "layer": layer, "crs": crs}
    rows = read_rows(file, **reading, chunk_rows=_CHUNK_ROWS)
    with out.progress(f"Importing {file.name}") as advance:
        summary = import_cases(
            bind,
            out.actor,
            rows,
            scheme=scheme,
            dataset=dataset or file.name,
            file=file,
            options=options,
            expect=expect,
            progress=advance,
        )
    _tell_cases(out, summary)


def _tell_cases(out: Output, summary: Summary) -> None:
    facts = summary.facts
    out.show(
        f"{facts.get('queued', 0)} wait for a dispatcher, {facts.get('outside', 0)} lie outside all grids, "
        f"{facts.get('near_border', 0)} are near a border."
    )
    _tell_clocks(out, facts)
    tell(out, summary)


def _tell_clocks(out: Output, facts: Mapping[str, int]) -> None:
    """How many cases kept their limits; nothing in a city without a catalogue."""
    in_time, late, unmeasured = (facts.get(name, 0) for name in ("closed_in_time", "closed_late", "unmeasured"))
    if in_time + late + unmeasured:
        share = f" ({in_time / (in_time + late):.1%} of those measured)" if in_time + late else ""
        out.show(f"{in_time} closed in time{share}, {late} late, {unmeasured} unmeasured.")
    for name, sentence in _COUNTED.items():
        if facts.get(name):
            out.show(sentence.format(facts[name]))


def staff(
    context: typer.Context,
    file: File,
    tree: Tree,
    staff_no: Annotated[str | None, typer.Option(help="Column with the staff number, else staff_no.")] = None,
    name: Annotated[str | None, typer.Option(help="Column with the name, else name.")] = None,
    phone: Annotated[str | None, typer.Option(help="Column with the phone, else phone.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Column with the organisation, else organisation.")] = None,
    skills: Annotated[str | None, typer.Option(help="Column with the skills, else skills.")] = None,
    columns: Columns = None,
    duties: Annotated[Path | None, typer.Option(help="File with duties.")] = None,
    duties_columns: Annotated[Path | None, typer.Option(help="TOML file that names the columns of duties.")] = None,
    absences: Annotated[Path | None, typer.Option(help="File with absences.")] = None,
    absences_columns: Annotated[Path | None, typer.Option(help="TOML file that names those of absences.")] = None,
    time_zone: Annotated[str, typer.Option(help="Time zone of the dates.")] = "Asia/Shanghai",
    encoding: Encoding = None,
) -> None:
    """Import staff and, in files of their own, duties and absences."""
    out = output_of(context)
    given = {"staff_no": staff_no, "name": name, "phone": phone, "organisation": organisation, "skills": skills}
    tables = [
        (STAFF, file, named_columns(given, columns)),
        (DUTIES, duties, named_columns(dict.fromkeys(DUTIES.roles), duties_columns)),
        (ABSENCES, absences, named_columns(dict.fromkeys(ABSENCES.roles), absences_columns)),
    ]
    for table, path, named in tables:
        if path is None and named:
            detail = f"--{table.kind}-columns names columns of a file that is not given; give it with --{table.kind}."
            raise BadInput("file_missing", detail, field=table.kind)
    done: list[tuple[str, Summary]] = []
    with unit_of_work(service_engine(out, long=True)) as session:
        for table, path, named in tables:
            if path is None:
                continue
            with out.progress(f"Importing {path.name}") as advance:
                for chunk in read_rows(path, encoding=encoding):
                    summary = import_people(
                        session,
                        out.actor,
                        chunk,
                        table,
                        tree=tree,
                        columns=named,
                        time_zone=time_zone,
                        file=path.name,
                        progress=advance,
                    )
                    done.append((path.name, summary))
    out.result({"batches": [{"file": name, **told(out, summary)} for name, summary in done]})
