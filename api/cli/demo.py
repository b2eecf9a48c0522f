"""`gridkeeper demo`: the sample town comes in through the same verbs as anybody's files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import geopandas
import numpy as np
import pandas as pd
import typer
from sqlalchemy import Engine, func, select

from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.matters import SAMPLE_CATALOGUE
from data.readers.chunk import Chunk
from data.sample_town import TIME_ZONE, Town, generate
from data.session import unit_of_work
from data.settings import PatrolSettings
from data.tables import Case, Scheme
from gis.errors import BadInput
from layers.cases.bulk import import_cases
from layers.cases.rows import RowOptions
from layers.cases.timing import take_calendar, take_catalogue
from layers.grids.areas import import_areas
from layers.grids.ground import BUILDINGS, STREETS, import_ground
from layers.grids.incoming import CellColumns
from layers.grids.intake import GridColumns, import_grids
from layers.grids.schemes import SchemeSpec
from layers.patrols.bulk import import_fixes
from layers.patrols.demands import PLANS, points_table
from layers.patrols.enrolment import SHIFTS, devices_table
from layers.patrols.fixes import Fix
from layers.patrols.reading import Piece
from layers.reach.places import PLACES
from layers.staff.intake import ABSENCES, DUTIES, STAFF, import_people

_FILE = "sample town"


class SampleSize(StrEnum):
    """The sizes of the sample."""

    TOWN = "town"
    DISTRICT = "district"
    CITY = "city"


_Frame = TypeVar("_Frame", pd.DataFrame, geopandas.GeoDataFrame)


def demo(
    context: typer.Context,
    size: Annotated[SampleSize, typer.Option(help="How big it is.")] = SampleSize.TOWN,
    cases: Annotated[int | None, typer.Option(help="Number of cases; the size's own if not given.")] = None,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing where there are schemes already.")] = False,
) -> None:
    """Load a made-up town: areas, grids, buildings, streets, staff, patrols and three months of cases."""
    out = output_of(context)
    facts = load_sample(service_engine(out, long=True), out, size, cases=cases, if_empty=if_empty)
    out.result({"loaded": facts is not None, **(facts or {})})


def load_sample(
    bind: Engine, out: Output, size: SampleSize, *, cases: int | None = None, if_empty: bool = False
) -> dict[str, object] | None:
    """Load a sample; a load that broke off before its cases is gone on with.

    Args:
        bind: Engine of the service role, without a limit on statements.
        out: Gets the steps.
        size: Which one.
        cases: Number of cases, where it is not to be the size's own.
        if_empty: Do nothing, and give None, where there is anything already.

    Raises:
        BadInput: It is loaded already.
    """
    with unit_of_work(bind) as session:
        known = session.scalar(select(func.count()).select_from(Scheme)) or 0
        ground = session.scalar(select(Scheme.name).where(Scheme.tree == size.value).limit(1))
        done = session.scalar(select(Case.id).where(Case.tree == size.value).limit(1))
    if if_empty and known and (done or not ground):
        return None
    if done:
        raise BadInput("already_there", f"The sample {size.value} is loaded already.", field="size", value=size.value)
    out.say(f"Making the sample {size.value}")
    until = datetime.now(ZoneInfo(TIME_ZONE)).replace(minute=0, second=0, microsecond=0)
    town = generate(size.value, until=until, cases=cases)
    if not ground:
        out.say("Loading its areas, grids, buildings, streets, staff and rules")
        _load_ground(bind, out, town)
    out.say("Loading its patrols")
    _load_patrols(bind, out, town)
    facts = _load_cases(bind, out, town)
    out.show(f"The sample {size.value} is loaded: {facts['stored']} cases, {facts['quarantined']} rows set aside.")
    return facts


def scheme_name(town: Town, scheme: str) -> str:
    """Name of a scheme of the sample; those of the small town have the plain names."""
    return scheme if town.size.name == "town" else f"{town.size.name}-{scheme}"


def _load_ground(bind: Engine, out: Output, town: Town) -> None:
    tree = town.size.tree
    with unit_of_work(bind) as session:
        for level in ("city", "county", "street", "community"):
            columns = CellColumns(name="name", parent_code=None if level == "city" else "parent_code")
            frame = _numbered(town.areas[town.areas["level"] == level])
            import_areas(
                session, out.actor, frame, tree=tree, level=level, columns=columns, datum=None, file=_FILE,
                place_class="place_class",
            )  # fmt: skip
        for name, frame in town.schemes.items():
            partial = name == "dedicated"
            spec = SchemeSpec(
                name=scheme_name(town, name),
                tree=tree,
                kind=name,
                extent="partial" if partial else "whole",
                priority=10 if partial else 0,
                time_zone=TIME_ZONE,
            )
            columns_ = GridColumns(name="name", parent_code="parent_code", parent_level="community")
            import_grids(session, out.actor, _numbered(frame), spec=spec, columns=columns_, file=_FILE)
        for kind, ground in ((BUILDINGS, town.buildings), (STREETS, town.streets), (PLACES, town.stations)):
            import_ground(session, out.actor, _numbered(ground), kind, tree=tree, file=_FILE)
        duties = town.people.duties.assign(
            scheme=[scheme_name(town, one) if pd.notna(one) else one for one in town.people.duties["scheme"]]
        )
        for table, rows in ((STAFF, town.people.staff), (DUTIES, duties), (ABSENCES, town.people.absences)):
            chunk = Chunk(_numbered(rows))
            import_people(session, out.actor, chunk, table, tree=tree, file=_FILE, time_zone=TIME_ZONE)
        days = Chunk(_numbered(town.calendar))
        take_calendar(session, out.actor, [days], tree=tree, name="sample", zone=TIME_ZONE, file=_FILE)
        first_day = datetime.fromisoformat(town.calendar["day"].iloc[0]).replace(tzinfo=ZoneInfo(TIME_ZONE))
        take_catalogue(session, out.actor, SAMPLE_CATALOGUE, tree=tree, since=first_day)


def _load_patrols(bind: Engine, out: Output, town: Town) -> None:
    made, tree = town.patrols(), town.size.tree
    plans = made.plans.assign(scheme=scheme_name(town, "duty"))
    # Nobody sends for these telephones, so nobody has to know their secrets.
    tables = (
        (devices_table({}, datum=None), made.devices),
        (SHIFTS, made.shifts),
        (points_table(datum=None), made.points),
        (PLANS, plans),
    )
    with unit_of_work(bind) as session:
        for table, rows in tables:
            chunk = Chunk(_numbered(rows))
            import_people(session, out.actor, chunk, table, tree=tree, file=_FILE, time_zone=TIME_ZONE)
    rows = made.fixes
    fix = np.full((len(rows), len(Fix._fields)), np.nan)
    fix[:, :4] = rows[["at", "lon", "lat", "accuracy_m"]].to_numpy(dtype=np.float64) * [1e6, 1, 1, 1]
    fix[:, 6] = 0
    piece = Piece(rows["device"].to_numpy(dtype=object), np.arange(1, len(rows) + 1), fix)
    kept_days = PatrolSettings().fixes_kept_days
    import_fixes(bind, out.actor, [piece], tree=tree, file=Path(_FILE), kept_days=kept_days)


def _load_cases(bind: Engine, out: Output, town: Town) -> dict[str, object]:
    columns = {role: role for role in ("category", "description", "state", "source", "datum", "closed_at")}
    # They came in as they happened.
    columns |= {"id": "source_id", "lon": "x", "lat": "y", "at": "occurred_at", "received_at": "occurred_at"}
    with out.progress("Loading cases") as advance:
        summary = import_cases(
            bind,
            out.actor,
            _chunks(town),
            scheme=scheme_name(town, "duty"),
            dataset=_FILE,
            file=Path(_FILE),
            options=RowOptions(columns=columns, datum=None, time_zone=TIME_ZONE),
            progress=advance,
        )
    return summary.counts()


def _chunks(town: Town) -> Iterator[Chunk]:
    first = 1
    for frame in town.reports():
        frame.insert(0, "row_no", range(first, first + len(frame)))
        first += len(frame)
        yield Chunk(frame)


def _numbered(frame: _Frame) -> _Frame:
    numbered = frame.reset_index(drop=True)
    numbered.insert(0, "row_no", range(1, len(numbered) + 1))
    return numbered
