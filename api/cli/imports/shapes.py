"""`gridkeeper import grids`, `areas`, `buildings`, `streets` and `atoms`: vector files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import geopandas
import typer

from api.cli.imports.speech import Columns, Crs, Datum, Encoding, File, LayerName, Tree, tell, told
from api.cli.instants import parse_instant
from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.readers.columns import named_columns
from data.readers.features import read_features
from data.session import unit_of_work
from gis.errors import BadInput
from gis.repair import GAP_LIMIT_M
from layers.cases.backfill import Backfill, place_existing
from layers.grids.areas import AREA_STEPS, import_areas
from layers.grids.ground import ATOMS, BUILDINGS, STREETS, GroundKind, import_ground
from layers.grids.incoming import CellColumns
from layers.grids.intake import GRID_STEPS, GridColumns, GridImport, import_grids
from layers.grids.schemes import DEFAULT_SCHEME, SchemeSpec, clock_of, scheme_named

_LISTED = 20

SourceId = Annotated[str | None, typer.Option("--id", help="Column with the source id; source_id if not given.")]
Named = Annotated[str | None, typer.Option(help="Column with the name; name, where there is one, if not given.")]


def grids(
    context: typer.Context,
    file: File,
    scheme: Annotated[str, typer.Option(help="Name of the scheme.")] = DEFAULT_SCHEME,
    code: Annotated[str | None, typer.Option(help="Column with the grid code; code if not given.")] = None,
    name: Annotated[str | None, typer.Option(help="Column with the grid name; the code when not given.")] = None,
    tree: Annotated[str | None, typer.Option(help="City of the scheme; the scheme's name when not given.")] = None,
    kind: Annotated[str | None, typer.Option(help="unit, duty, micro, dedicated, evaluation or beats.")] = None,
    extent: Annotated[str | None, typer.Option(help="whole (tiles its area; the default) or partial.")] = None,
    priority: Annotated[int | None, typer.Option(help="A partial scheme with one above 0 takes the case.")] = None,
    metric_crs: Annotated[int | None, typer.Option(help="EPSG code of the scheme's metric CRS.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA time zone of the scheme.")] = None,
    near_limit_m: Annotated[float | None, typer.Option(help="Nearer than this to an edge is flagged; 10.")] = None,
    far_limit_m: Annotated[float | None, typer.Option(help="Farther outside than this is refused; 5000.")] = None,
    parent_code: Annotated[str | None, typer.Option(help="Column with the code of the area a grid belongs to.")] = None,
    parent_name: Annotated[str | None, typer.Option(help="Column with that area's name.")] = None,
    parent_level: Annotated[str, typer.Option(help="city, county, street or community.")] = "county",
    columns: Columns = None,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
    valid_from: Annotated[str | None, typer.Option(help="When these boundaries begin to hold.")] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Close overlaps, T-junctions and narrow gaps first.")
    ] = False,
    gap_limit_m: Annotated[float | None, typer.Option(help="Mean width up to which --repair closes a gap; 1.")] = None,
    accept_problems: Annotated[bool, typer.Option(help="Import although the grids do not tile.")] = False,
) -> None:
    """Import the grids of a scheme as its first or next boundary version."""
    out = output_of(context)
    named = _cell_columns(columns, code, name, parent_code, parent_name)
    repair_to_m = _repair_to_m(repair, gap_limit_m)
    spec = SchemeSpec(
        name=scheme, tree=tree, kind=kind, extent=extent, priority=priority, metric_srid=metric_crs,
        time_zone=time_zone, near_limit_m=near_limit_m, far_limit_m=far_limit_m,
    )  # fmt: skip
    bind = service_engine(out, long=True)
    frame = read_shapes(out, file, layer=layer, crs=crs, encoding=encoding)
    with out.progress(f"Importing {file.name}", total=GRID_STEPS) as advance, unit_of_work(bind) as session:
        clock = time_zone or clock_of(session, scheme, ground=frame)
        done = import_grids(
            session,
            out.actor,
            frame,
            spec=spec,
            columns=GridColumns(**named, parent_level=parent_level),
            datum=datum,
            file=file.name,
            since=parse_instant(valid_from, tz=clock) if valid_from else None,
            repair_to_m=repair_to_m,
            accept_problems=accept_problems,
            progress=advance,
        )
    # In a transaction of its own: nobody has to wait for it, and after a crash the same command goes on with it.
    with out.progress("Placing the cases that are there") as advance, unit_of_work(bind) as session:
        backfilled = place_existing(session, scheme_named(session, scheme))
        advance(backfilled.placed)
    _tell_grids(out, done, backfilled)


def _repair_to_m(repair: bool, gap_limit_m: float | None) -> float | None:
    if gap_limit_m is not None and not repair:
        raise BadInput(
            "gap_limit_without_repair",
            "--gap-limit-m says which gaps --repair closes; give both or neither.",
            field="gap_limit_m",
            value=gap_limit_m,
        )
    if not repair:
        return None
    return GAP_LIMIT_M if gap_limit_m is None else gap_limit_m


def _tell_grids(out: Output, done: GridImport, backfilled: Backfill) -> None:
    done.summary.remarks += backfilled.remarks
    for remark in done.summary.remarks:
        out.show(remark)
    for problem in done.problems[:_LISTED]:
        grids = " and ".join(problem["grids"][:4])
        out.show(f"  {problem['kind']} of {problem['area_m2']} m² at {problem['where']} ({grids})")
    if len(done.problems) > _LISTED:
        out.show(f"  … and {len(done.problems) - _LISTED} more; --json lists all.")
    if backfilled.placed:
        out.show(f"{backfilled.placed} cases of the city now have a place in it.")
    out.result({**told(out, done.summary), "problems": done.problems, "placed": backfilled.placed})


def areas(
    context: typer.Context,
    file: File,
    tree: Tree,
    level: Annotated[str, typer.Option(help="city, county, street or community.")],
    code: Annotated[str | None, typer.Option(help="Column with the area code; code if not given.")] = None,
    name: Annotated[str | None, typer.Option(help="Column with the area name; the code when not given.")] = None,
    parent_code: Annotated[str | None, typer.Option(help="Column with the code of the area above.")] = None,
    parent_name: Annotated[str | None, typer.Option(help="Column with that area's name.")] = None,
    place_class: Annotated[str | None, typer.Option(help="Column with the place class: city, fringe or rural.")] = None,
    columns: Columns = None,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
    accept_problems: Annotated[bool, typer.Option(help="Import although areas do not nest.")] = False,
) -> None:
    """Import one level of a city's tree of areas; the level above is made by union where it is missing."""
    out = output_of(context)
    named = _cell_columns(columns, code, name, parent_code, parent_name, place_class=place_class)
    place_class = named.pop("place_class", None)
    bind = service_engine(out, long=True)
    frame = read_shapes(out, file, layer=layer, crs=crs, encoding=encoding)
    with out.progress(f"Importing {file.name}", total=AREA_STEPS) as advance, unit_of_work(bind) as session:
        summary = import_areas(
            session,
            out.actor,
            frame,
            tree=tree,
            level=level,
            columns=CellColumns(**named),
            datum=datum,
            file=file.name,
            place_class=place_class,
            accept_problems=accept_problems,
            progress=advance,
        )
    tell(out, summary)


def buildings(
    context: typer.Context,
    file: File,
    tree: Tree,
    id_: SourceId = None,
    name: Named = None,
    address: Annotated[str | None, typer.Option(help="Column with the address, else address.")] = None,
    households: Annotated[str | None, typer.Option(help="Column with the households, else households.")] = None,
    people: Annotated[str | None, typer.Option(help="Column with the people, else people.")] = None,
    columns: Columns = None,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
) -> None:
    """Import buildings; columns name, address, households and people are taken where there are any."""
    roles = {"id": id_, "name": name, "address": address, "households": households, "people": people}
    reading = {"crs": crs, "encoding": encoding, "layer": layer}
    _ground(output_of(context), file, BUILDINGS, tree, named_columns(roles, columns), reading, datum)


def streets(
    context: typer.Context,
    file: File,
    tree: Tree,
    id_: SourceId = None,
    name: Named = None,
    kind: Annotated[str | None, typer.Option(help="Column with the kind, else kind.")] = None,
    columns: Columns = None,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
) -> None:
    """Import streets; columns name and kind are taken where there are any."""
    roles = {"id": id_, "name": name, "kind": kind}
    reading = {"crs": crs, "encoding": encoding, "layer": layer}
    _ground(output_of(context), file, STREETS, tree, named_columns(roles, columns), reading, datum)


def atoms(
    context: typer.Context,
    file: File,
    tree: Tree,
    id_: SourceId = None,
    name: Named = None,
    households: Annotated[str | None, typer.Option(help="Column with the households, else households.")] = None,
    people: Annotated[str | None, typer.Option(help="Column with the people, else people.")] = None,
    columns: Columns = None,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
) -> None:
    """Import blocks that plans are made of; columns name, households and people are taken where there are any."""
    roles = {"id": id_, "name": name, "households": households, "people": people}
    reading = {"crs": crs, "encoding": encoding, "layer": layer}
    _ground(output_of(context), file, ATOMS, tree, named_columns(roles, columns), reading, datum)


def _ground(
    out: Output,
    file: Path,
    kind: GroundKind,
    tree: str,
    columns: dict[str, str],
    reading: dict[str, str | None],
    datum: str | None,
) -> None:
    frame = read_shapes(out, file, usual=kind.table, **reading)
    import_shapes(out, file, frame, kind, tree, columns, datum)


def import_shapes(
    out: Output,
    file: Path,
    frame: geopandas.GeoDataFrame,
    kind: GroundKind,
    tree: str,
    columns: dict[str, str],
    datum: str | None,
) -> None:
    """Take in shapes known by a source id, and tell what became of them.

    Args:
        out: Hears it.
        file: Where they are from.
        frame: The shapes.
        kind: What they are.
        tree: The city.
        columns: Role -> column, where that is not called as the role.
        datum: Declared datum where the CRS of the file does not tell it.
    """
    bind = service_engine(out, long=True)
    with out.progress(f"Importing {file.name}", total=len(frame)) as advance, unit_of_work(bind) as session:
        summary = import_ground(
            session, out.actor, frame, kind, tree=tree, columns=columns, datum=datum, file=file.name, progress=advance
        )
    tell(out, summary)


def _cell_columns(
    toml: Path | None,
    code: str | None,
    name: str | None,
    parent_code: str | None,
    parent_name: str | None,
    **more: str | None,
) -> dict[str, str]:
    roles = {"code": code, "name": name, "parent_code": parent_code, "parent_name": parent_name, **more}
    return named_columns(roles, toml)


def read_shapes(out: Output, file: Path, **reading: str | None) -> geopandas.GeoDataFrame:
    """Read a vector file; `reading` is what `read_features` takes."""
    with out.progress(f"Reading {file.name}") as advance:
        frame = read_features(file, **reading)
        advance(len(frame))
    return frame
