"""`gridkeeper import calendar` and `catalogue`: working days, and the rules of who does what within which time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.imports.speech import File, Tree, tell
from api.cli.instants import parse_instant
from api.cli.output import output_of
from api.cli.service import service_engine
from data.readers.rows import read_rows
from data.session import unit_of_work
from layers.cases.winding import wind_beyond_calendar, wind_since
from layers.matters.calendars import import_calendar
from layers.matters.publishing import calendar_zone, import_catalogue


def calendar(
    context: typer.Context,
    file: File,
    tree: Tree,
    name: Annotated[str | None, typer.Option(help="Name of the calendar; that of the file if not given.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of its clock.")] = "Asia/Shanghai",
) -> None:
    """Import the working times of days; days that are known already must say the same."""
    out = output_of(context)
    with unit_of_work(service_engine(out, long=True)) as session:
        summary = import_calendar(
            session, out.actor, read_rows(file), tree=tree, name=name or file.stem, zone=zone, file=file.name
        )
        waited = wind_beyond_calendar(session, tree)
    if waited:
        out.show(f"The deadlines of {waited} cases that waited for more days were worked out again.")
    tell(out, summary, {"waited": waited})


def catalogue(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder with departments, matters, rules, limits, paths, settings.")],
    tree: Tree,
    valid_from: Annotated[str | None, typer.Option(help="When these rules begin to hold; now if not given.")] = None,
    reason: Annotated[str, typer.Option(help="Why they changed, for the record.")] = "import",
) -> None:
    """Import departments, matters, rules and limits as the next version of a city's catalogue."""
    out = output_of(context)
    with unit_of_work(service_engine(out, long=True)) as session:
        since = None if valid_from is None else parse_instant(valid_from, tz=calendar_zone(session, tree))
        summary = import_catalogue(session, out.actor, folder, tree=tree, since=since, reason=reason)
        # A first catalogue may begin in the past: what came in since then goes by it.
        wound = wind_since(session, tree, since) if since and summary.facts["version"] == 1 else 0
    if wound:
        out.show(f"The deadlines of {wound} cases that came in since then were worked out.")
    tell(out, summary)
