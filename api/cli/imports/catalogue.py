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
from layers.cases.timing import take_calendar, take_catalogue
from layers.matters.held import calendar_zone


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
        summary = take_calendar(
            session, out.actor, read_rows(file), tree=tree, name=name or file.stem, zone=zone, file=file.name
        )
    tell(out, summary)


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
        summary = take_catalogue(session, out.actor, folder, tree=tree, since=since, reason=reason)
    tell(out, summary)
