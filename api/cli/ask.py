"""`gridkeeper locate | compare | check | uncovered | export`: ask what is stored."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api.cli.instants import parse_instant
from api.cli.output import output_of
from api.cli.service import service_engine
from data.readers.rows import read_rows
from data.writers import write_layer, write_quarantine
from layers import features
from layers.batches import quarantined_rows
from layers.cases.check import check_side_by_side
from layers.cases.compare import compare as run_compare
from layers.cases.compare import last_import, official_column
from layers.cases.export import case_table
from layers.cases.finding import described, find
from layers.cases.reasons import render
from layers.dispatch.measures import Asked, as_table, measured
from layers.dispatch.uncovered import uncovered as find_uncovered
from layers.grids.schemes import DEFAULT_SCHEME, scheme_named
from layers.matters.export import export_catalogue
from layers.matters.held import calendar_zone

SchemeName = Annotated[str, typer.Option(help="Name of the scheme.")]
_DAY = "%Y-%m-%d"


def locate(
    context: typer.Context,
    lon: Annotated[float, typer.Argument(help="Longitude or easting.")],
    lat: Annotated[float, typer.Argument(help="Latitude or northing.")],
    datum: Annotated[str, typer.Option(help="Datum of the position.")],
    scheme: SchemeName = DEFAULT_SCHEME,
    at: Annotated[str | None, typer.Option(help="Instant whose boundaries judge; now if not given.")] = None,
) -> None:
    """Tell which grid owns a place, who answers there, and why. Write -- before a negative longitude."""
    out = output_of(context)
    now = datetime.now(UTC)
    with Session(service_engine(out)) as session:
        then = parse_instant(at, tz=scheme_named(session, scheme).time_zone) if at else now
        found = find(session, lon, lat, datum=datum, scheme=scheme, at=then, now=now)
    for reason in found.decision.reasons:
        out.show(render(reason, lang="en"))
    if found.answer is not None and found.answer.staff_id is not None:
        out.show(f"{found.answer.name} {found.answer.phone or ''}".strip())
    out.result(described(found))


def compare(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="File that was imported; the last one if not given.")] = None,
    official: Annotated[str | None, typer.Option(help="Column with the official grid; found out if not given.")] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Column with the source id; as imported if not given.")
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="Scheme; as imported if not given.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Dataset; the file name if not given.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding where it is not UTF-8.")] = None,
) -> None:
    """Put an official column of the source file beside our grids."""
    out = output_of(context)
    with Session(service_engine(out, long=True)) as session:
        last = last_import(session, file=file)
        path, one = file or last.path, scheme or last.scheme
        column = official
        if column is None:
            column = official_column(session, next(read_rows(path, encoding=encoding)), scheme=one)
            out.show(f"Comparing with column '{column}' of {path.name}, scheme '{one}'.")
        report = run_compare(
            session,
            read_rows(path, encoding=encoding),
            scheme=one,
            dataset=dataset or last.dataset,
            id_column=id_ or last.id_column or "row_no",
            official=column,
        )
    share = report.near_border / report.stored if report.stored else 0.0
    out.show(f"{report.stored} cases compared, {report.not_stored} rows not stored or without an official grid.")
    out.show(f"{report.agree} agree, {report.outside} outside, {share:.1%} flagged near a border.")
    out.show(f"{report.differ_flagged} differ with the flag, {report.differ_unflagged} differ without it.")
    out.result({**asdict(report), "near_border_share": share})


def check(
    context: typer.Context,
    scheme: Annotated[str | None, typer.Option(help="Only this scheme.")] = None,
) -> None:
    """Recompute stored placements in SQL, and states and clocks from events; exit code 0 when all agree, else 1."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    with out.progress("Checking") as advance:
        report = check_side_by_side(bind, scheme=scheme, progress=advance)
    for found in report.differences[:100]:
        out.show(f"case {found.number}, {found.scheme}: {found.field} is {found.stored}, should be {found.expected}")
    if len(report.differences) > 100:
        out.show(f"… and {len(report.differences) - 100} more.")
    sums = f"{report.placements} placements checked, {report.replayed} cases replayed, {report.cases} with differences."
    out.show(sums)
    out.result(
        {
            "placements": report.placements,
            "replayed": report.replayed,
            "cases": report.cases,
            "differences": [asdict(found) for found in report.differences],
        }
    )
    raise typer.Exit(1 if report.differences else 0)


def uncovered(
    context: typer.Context,
    scheme: SchemeName = DEFAULT_SCHEME,
    at: Annotated[str | None, typer.Option(help="Instant whose duties count; now if not given.")] = None,
) -> None:
    """List the grids that nobody of their own answers for, why, and what waits there."""
    out = output_of(context)
    with Session(service_engine(out, long=True)) as session:
        then = parse_instant(at, tz=scheme_named(session, scheme).time_zone) if at else datetime.now(UTC)
        found = find_uncovered(session, scheme, at=then)
    for grid in found["grids"]:
        why = " ".join(reason["en"] for reason in grid["why"])
        out.show(f"{grid['code']} {grid['name']}, {grid['open_cases']} open cases. {why}")
    out.show(
        f"{found['uncovered']} of {found['grids_in_all']} grids have nobody of their own, {found['by_nobody']} of them "
        f"nobody at any level; {found['open_cases']} open cases lie there."
    )
    out.result(found)


def export(
    context: typer.Context,
    layer: Annotated[
        str, typer.Argument(help="areas, grids, cases, buildings, streets, places, quarantine, catalogue or measures.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write, its ending is the format; or folder.")],
    scheme: Annotated[str | None, typer.Option(help="Only this scheme.")] = None,
    tree: Annotated[
        str | None, typer.Option(help="City of the catalogue or of measures; that of --scheme if not given.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="Instant that the catalogue held at; now if not given.")] = None,
    batch: Annotated[int | None, typer.Option(help="Batch of the quarantine; the newest if not given.")] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=[_DAY], help="First day of measures; of the month if not given."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[_DAY], help="Last day of measures; today if not given.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="What measures are grouped by; the whole city if not given.")] = None,
) -> None:
    """Write a layer, measures, the rows an import set aside, or a catalogue as a folder of files."""
    out = output_of(context)
    with Session(service_engine(out, long=True)) as session:
        if layer == "catalogue":
            city = tree or scheme_named(session, scheme or DEFAULT_SCHEME).tree
            then = parse_instant(at, tz=calendar_zone(session, city)) if at else None
            rows = sum(export_catalogue(session, output, tree=city, at=then).values())
        elif layer == "quarantine":
            bad = quarantined_rows(session, batch_id=batch)
            rows = len(bad)
            write_quarantine(bad, output)
        elif layer == "measures":
            city = tree or scheme_named(session, scheme or DEFAULT_SCHEME).tree
            frame = as_table(measured(session, Asked(city, first and first.date(), last and last.date(), by)))
            rows = len(frame)
            write_layer(frame, output)
        else:
            filters = {"scheme": scheme}
            frame = (
                case_table(session, scheme=scheme)
                if layer == "cases"
                else features.frame(session, layer, filters=filters)
            )
            rows = len(frame)
            write_layer(frame, output)
    out.show(f"{rows} rows written to {output}")
    out.result({"layer": layer, "rows": rows, "file": str(output)})
