"""`gridkeeper import`: grids, areas, cases, staff, buildings, streets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.instants import parse_instant
from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.readers.columns import load_mapping
from data.readers.features import read_features
from data.readers.rows import read_rows
from data.session import unit_of_work
from layers.batches import Summary
from layers.cases.backfill import place_existing
from layers.cases.bulk import import_cases
from layers.cases.rows import ROLES, RowOptions
from layers.grids.areas import AreaColumns, import_areas
from layers.grids.ground import import_buildings, import_streets
from layers.grids.intake import GridColumns, GridImport, import_grids
from layers.grids.schemes import DEFAULT_SCHEME, SchemeSpec, clock_of, scheme_named
from layers.staff.intake import import_absences, import_duties, import_staff

app = typer.Typer(no_args_is_help=True, help="Bring in grids, areas, cases, staff, buildings and streets.")

_LISTED = 20
# While two chunks are stored the next is judged; more rows would only take more memory.
_CHUNK_ROWS = 50_000

File = Annotated[Path, typer.Argument(help="The file to read.")]
Crs = Annotated[str | None, typer.Option(help="CRS of the file where it states none, for example EPSG:4547.")]
Encoding = Annotated[str | None, typer.Option(help="Text encoding where it is not UTF-8, for example gbk or big5.")]
LayerName = Annotated[str | None, typer.Option("--layer", help="Layer to read where the file has several.")]
Datum = Annotated[str | None, typer.Option(help="Datum of the coordinates: wgs84, cgcs2000, gcj02, bd09, epsg:4547, …")]
Tree = Annotated[str, typer.Option(help="Name of the city the rows belong to.")]


@app.command()
def grids(
    context: typer.Context,
    file: File,
    scheme: Annotated[str, typer.Option(help="Name of the scheme.")] = DEFAULT_SCHEME,
    code: Annotated[str, typer.Option(help="Column with the grid code.")] = "code",
    name: Annotated[str | None, typer.Option(help="Column with the grid name; the code when not given.")] = None,
    tree: Annotated[str | None, typer.Option(help="City of the scheme; the scheme's name when not given.")] = None,
    kind: Annotated[str | None, typer.Option(help="unit, duty, micro, dedicated, evaluation or beats.")] = None,
    extent: Annotated[str, typer.Option(help="whole (tiles its area) or partial.")] = "whole",
    priority: Annotated[int, typer.Option(help="A partial scheme with a priority above 0 takes the case.")] = 0,
    metric_crs: Annotated[int | None, typer.Option(help="EPSG code of the scheme's metric CRS.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA time zone of the scheme.")] = None,
    near_limit_m: Annotated[float, typer.Option(help="Nearer than this to an edge is flagged.")] = 10.0,
    far_limit_m: Annotated[float, typer.Option(help="Farther outside than this is refused.")] = 5000.0,
    parent_code: Annotated[str | None, typer.Option(help="Column with the code of the area a grid belongs to.")] = None,
    parent_name: Annotated[str | None, typer.Option(help="Column with that area's name.")] = None,
    parent_level: Annotated[str, typer.Option(help="city, county, street or community.")] = "county",
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
    valid_from: Annotated[str | None, typer.Option(help="When these boundaries begin to hold.")] = None,
    accept_problems: Annotated[bool, typer.Option(help="Import although the grids do not tile.")] = False,
) -> None:
    """Import the grids of a scheme as its first or next boundary version."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    frame = read_features(file, layer=layer, crs=crs, encoding=encoding)
    spec = SchemeSpec(
        name=scheme,
        tree=tree,
        kind=kind,
        extent=extent,
        priority=priority,
        metric_srid=metric_crs,
        time_zone=time_zone,
        near_limit_m=near_limit_m,
        far_limit_m=far_limit_m,
    )
    columns = GridColumns(
        code=code, name=name, parent_code=parent_code, parent_name=parent_name, parent_level=parent_level
    )
    with unit_of_work(bind) as session:
        clock = time_zone or clock_of(session, scheme, ground=frame)
        done = import_grids(
            session,
            out.actor,
            frame,
            spec=spec,
            columns=columns,
            datum=datum,
            file=file.name,
            since=parse_instant(valid_from, tz=clock) if valid_from else None,
            accept_problems=accept_problems,
        )
        backfilled = place_existing(session, scheme_named(session, scheme))
    _show_grids(out, done, backfilled)


def _show_grids(out: Output, done: GridImport, backfilled: int) -> None:
    for remark in done.summary.remarks:
        out.show(remark)
    for problem in done.problems[:_LISTED]:
        grids = " and ".join(problem["grids"][:4])
        out.show(f"  {problem['kind']} of {problem['area_m2']} m² at {problem['where']} ({grids})")
    if len(done.problems) > _LISTED:
        out.show(f"  … and {len(done.problems) - _LISTED} more; --json lists all.")
    if backfilled:
        out.show(f"{backfilled} cases of the city now have a place in it.")
    _show(out, done.summary, {"problems": done.problems, "placed": backfilled})


@app.command()
def areas(
    context: typer.Context,
    file: File,
    tree: Tree,
    level: Annotated[str, typer.Option(help="city, county, street or community.")],
    code: Annotated[str, typer.Option(help="Column with the area code.")] = "code",
    name: Annotated[str | None, typer.Option(help="Column with the area name.")] = None,
    parent_code: Annotated[str | None, typer.Option(help="Column with the code of the area above.")] = None,
    parent_name: Annotated[str | None, typer.Option(help="Column with that area's name.")] = None,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
    accept_problems: Annotated[bool, typer.Option(help="Import although areas do not nest.")] = False,
) -> None:
    """Import one level of a city's tree of areas; the level above is made by union where it is missing."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    frame = read_features(file, layer=layer, crs=crs, encoding=encoding)
    columns = AreaColumns(code=code, name=name, parent_code=parent_code, parent_name=parent_name)
    with unit_of_work(bind) as session:
        summary = import_areas(
            session,
            out.actor,
            frame,
            tree=tree,
            level=level,
            columns=columns,
            datum=datum,
            file=file.name,
            accept_problems=accept_problems,
        )
    for remark in summary.remarks:
        out.show(remark)
    _show(out, summary)


@app.command()
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
    category: Annotated[str | None, typer.Option(help="Column with the category.")] = None,
    description: Annotated[str | None, typer.Option(help="Column with the description.")] = None,
    state: Annotated[str | None, typer.Option(help="Column with the state; 'reported' if none.")] = None,
    source: Annotated[str | None, typer.Option(help="Column with where the report came from.")] = None,
    datum: Datum = None,
    datum_column: Annotated[str | None, typer.Option(help="Column that declares each row's datum.")] = None,
    columns: Annotated[Path | None, typer.Option(help="TOML file that names the columns.")] = None,
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
    given = dict(
        zip(ROLES, (id_, lon, lat, datum_column, at, received_at, category, description, state, source), strict=True)
    )
    named = (load_mapping(columns) if columns else {}) | {role: name for role, name in given.items() if name}
    with unit_of_work(bind) as session:
        zone = tz or scheme_named(session, scheme).time_zone
    options = RowOptions(columns=named, datum=datum, time_zone=zone, time_format=time_format)
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
    facts = summary.facts
    out.show(
        f"{facts.get('queued', 0)} wait for a dispatcher, {facts.get('outside', 0)} lie outside all grids, "
        f"{facts.get('near_border', 0)} are near a border."
    )
    for remark in summary.remarks:
        out.show(remark)
    _show(out, summary)


@app.command()
def staff(
    context: typer.Context,
    file: File,
    tree: Tree,
    duties: Annotated[Path | None, typer.Option(help="File with duties.")] = None,
    absences: Annotated[Path | None, typer.Option(help="File with absences.")] = None,
    time_zone: Annotated[str, typer.Option(help="Time zone of the dates.")] = "Asia/Shanghai",
    encoding: Encoding = None,
) -> None:
    """Import staff and, in files of their own, duties and absences."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    batches: list[dict[str, object]] = []
    with unit_of_work(bind) as session:
        for path, verb in ((file, None), (duties, import_duties), (absences, import_absences)):
            if path is None:
                continue
            for chunk in read_rows(path, encoding=encoding):
                if verb is None:
                    summary = import_staff(session, out.actor, chunk, tree=tree, file=path.name)
                else:
                    summary = verb(session, out.actor, chunk, tree=tree, file=path.name, time_zone=time_zone)
                batches.append({"file": path.name, **_told(out, summary)})
    out.result({"batches": batches})


@app.command()
def buildings(
    context: typer.Context,
    file: File,
    tree: Tree,
    id_: Annotated[str, typer.Option("--id", help="Column with the source id.")] = "source_id",
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
) -> None:
    """Import buildings; columns name, address, households and people are taken where there are any."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    frame = read_features(file, layer=layer, crs=crs, encoding=encoding)
    with unit_of_work(bind) as session:
        _show(out, import_buildings(session, out.actor, frame, tree=tree, id_column=id_, datum=datum, file=file.name))


@app.command()
def streets(
    context: typer.Context,
    file: File,
    tree: Tree,
    id_: Annotated[str, typer.Option("--id", help="Column with the source id.")] = "source_id",
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
) -> None:
    """Import streets; columns name and kind are taken where there are any."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    frame = read_features(file, layer=layer, crs=crs, encoding=encoding)
    with unit_of_work(bind) as session:
        _show(out, import_streets(session, out.actor, frame, tree=tree, id_column=id_, datum=datum, file=file.name))


def _show(out: Output, summary: Summary, more: dict[str, object] | None = None) -> None:
    out.result({**_told(out, summary), **(more or {})})


def _told(out: Output, summary: Summary) -> dict[str, object]:
    """Print the sums of one batch for people; the same for machines."""
    out.show(
        f"{summary.read} rows read = {summary.stored} new + {summary.changed} changed + "
        f"{summary.already_there} already there + {summary.quarantined} set aside."
    )
    for reason, rows in summary.reasons.most_common():
        out.show(f"  {rows} set aside: {reason}")
    if summary.quarantined:
        out.show("  See them with: gridkeeper export quarantine -o FILE.csv")
    return {"batch_id": summary.batch_id, "dataset": summary.dataset, **summary.counts()}
