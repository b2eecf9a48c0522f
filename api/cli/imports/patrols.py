"""`gridkeeper import devices`, `shifts`, `points`, `plans` and `fixes`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from api.cli.imports.speech import Columns, Datum, Encoding, File, Tree, tell
from api.cli.imports.tables import import_table
from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.readers.columns import named_columns
from data.settings import PatrolSettings
from layers.batches import Summary
from layers.patrols.bulk import import_fixes
from layers.patrols.demands import PLANS, points_table
from layers.patrols.enrolment import SHIFTS, devices_table
from layers.patrols.reading import NEEDED, SAID, Reading, read_fixes
from layers.staff.intake import PeopleTable

TimeZone = Annotated[str, typer.Option(help="Time zone of times that carry none.")]


class OnShift(StrEnum):
    """Which fixes are taken as on shift."""

    RECORDED = "recorded"
    ALWAYS = "always"


def devices(
    context: typer.Context,
    file: File,
    tree: Tree,
    datum: Datum = None,
    columns: Columns = None,
    encoding: Encoding = None,
) -> None:
    """Import devices; the secret of a new one is shown, once, unless the file gives it."""
    out = output_of(context)
    minted: dict[str, str] = {}
    summary = _rows(out, file, devices_table(minted, datum=datum), tree, columns, "UTC", encoding)
    for label, secret in minted.items():
        out.show(f"Secret of {label}, shown this once: {secret}")
    tell(out, summary, {"secrets": minted})


def shifts(
    context: typer.Context,
    file: File,
    tree: Tree,
    columns: Columns = None,
    tz: TimeZone = "Asia/Shanghai",
    encoding: Encoding = None,
) -> None:
    """Import shifts: who is on duty with which device, from when to when."""
    out = output_of(context)
    tell(out, _rows(out, file, SHIFTS, tree, columns, tz, encoding))


def points(
    context: typer.Context,
    file: File,
    tree: Tree,
    datum: Datum = None,
    columns: Columns = None,
    tz: TimeZone = "Asia/Shanghai",
    encoding: Encoding = None,
) -> None:
    """Import required points: places that patrols must be at within a window of the day."""
    out = output_of(context)
    tell(out, _rows(out, file, points_table(datum=datum), tree, columns, tz, encoding))


def plans(
    context: typer.Context,
    file: File,
    tree: Tree,
    columns: Columns = None,
    tz: TimeZone = "Asia/Shanghai",
    encoding: Encoding = None,
) -> None:
    """Import planned patrols: which grids and points a person or a team should visit, and when."""
    out = output_of(context)
    tell(out, _rows(out, file, PLANS, tree, columns, tz, encoding))


def fixes(
    context: typer.Context,
    file: File,
    tree: Tree,
    device: Annotated[str | None, typer.Option(help="Label of the device of rows that name none.")] = None,
    shift: Annotated[
        OnShift, typer.Option(help="Keep positions on recorded shifts only, or always.")
    ] = OnShift.RECORDED,
    at: Annotated[str | None, typer.Option(help="Column with the instant, else at.")] = None,
    lon: Annotated[str | None, typer.Option(help="Column with longitude or easting, else lon.")] = None,
    lat: Annotated[str | None, typer.Option(help="Column with latitude or northing, else lat.")] = None,
    label: Annotated[str | None, typer.Option(help="Column with the label of the device, else device.")] = None,
    datum: Datum = None,
    columns: Columns = None,
    tz: TimeZone = "UTC",
    time_format: Annotated[str | None, typer.Option(help="How times are written, like %d/%m/%Y %H:%M.")] = None,
    encoding: Encoding = None,
    delimiter: Annotated[str | None, typer.Option(help="Field delimiter; told from the header if not given.")] = None,
) -> None:
    """Import fixes: a table, GPX, or what the OwnTracks recorder keeps (.rec); a second run adds nothing."""
    out = output_of(context)
    named = dict.fromkeys((*NEEDED, *SAID)) | {"at": at, "lon": lon, "lat": lat, "device": label}
    reading = Reading(
        columns=named_columns(named, columns),
        time_zone=tz,
        time_format=time_format,
        encoding=encoding,
        delimiter=delimiter,
    )
    kept_days = PatrolSettings().fixes_kept_days
    with out.progress(f"Importing {file.name}") as advance:
        summary = import_fixes(
            service_engine(out, long=True),
            out.actor,
            read_fixes(file, reading),
            tree=tree,
            file=file,
            device=device,
            datum=datum,
            always=shift is OnShift.ALWAYS,
            kept_days=kept_days,
            progress=advance,
        )
    _tell_fixes(out, summary)


def _tell_fixes(out: Output, summary: Summary) -> None:
    facts = summary.facts
    out.show(
        f"{summary.read} rows read = {summary.stored} stored + {facts['kept_aside']} kept aside + "
        f"{facts['off_shift']} off shift + {summary.already_there} repeats + {summary.quarantined} that are no fix."
    )
    for reason, count in facts["aside"].most_common():
        out.show(f"  {count} kept aside: {reason}")
    for reason, count in summary.reasons.most_common():
        out.show(f"  {count} no fix: {reason}")
    out.result({"batch_id": summary.batch_id, "dataset": summary.dataset, **summary.counts()})


def _rows(
    out: Output, file: File, table: PeopleTable, tree: str, columns: Columns, time_zone: str, encoding: str | None
) -> Summary:
    """Import a table whose rows are known by a key; one batch for the file."""
    named = named_columns(dict.fromkeys(table.roles), columns)
    return import_table(out, file, table, tree, named, time_zone, encoding)
