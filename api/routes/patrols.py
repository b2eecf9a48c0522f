"""Where people have been: coverage, traces, what nobody was near, who is where now, and who looked at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from api.answers import as_file, canonical_json
from api.auth import TheActor
from api.deps import TheReader, TheSession
from api.schemas.patrols import CoverageAsked, PatrolsAsked, TracesAsked, UnvisitedAsked, ViewsAsked
from data.writers import write_layer
from gis.errors import BadInput
from layers.actor import Actor
from layers.dispatch.cities import city
from layers.grids.schemes import DEFAULT_SCHEME, scheme_named
from layers.patrols import sight
from layers.patrols.asking import Asked, meant
from layers.patrols.covering import coverage
from layers.patrols.export import as_table, fixes_table, write_gpx
from layers.patrols.instants import instant_of
from layers.patrols.live import live
from layers.patrols.plans import named, points_and_plans
from layers.patrols.recorded import traces_of
from layers.patrols.traces import traces_told
from layers.patrols.unvisited import unvisited
from layers.patrols.views import views_of

router = APIRouter(prefix="/patrols", tags=["patrols"])

_FRESH = {"Cache-Control": "no-store"}


class _Look:
    """One look of an actor: what is asked, as far as the actor may, and whose traces are noted as seen."""

    def __init__(self, session: Session, actor: Actor, asked: PatrolsAsked) -> None:
        self.session, self.actor = session, actor
        today = datetime.now(ZoneInfo(scheme_named(session, asked.scheme).time_zone)).date()
        self.asked = Asked(
            scheme=asked.scheme,
            first=asked.first or asked.last or today,
            last=asked.last or today,
            team=asked.team,
            staff=sight.may_see(actor, asked.staff),
            device=asked.device,
            grid=asked.grid,
            reach_m=asked.reach_m,
            now=datetime.now(UTC),
        )
        self.what = meant(session, self.asked)
        self.scheme = self.what.scheme
        self.period = instant_of(self.what.days[0].start), instant_of(self.what.days[-1].end)

    def note(self, told: list[dict[str, Any]], *, what: str, once: bool = False) -> None:
        """Put down that these were seen."""
        sight.note(self.session, self.actor, told, tree=self.scheme.tree, period=self.period, what=what, once=once)

    def note_one(self) -> None:
        """Numbers of a single person tell where that person was; those of many do not."""
        if self.asked.staff or self.asked.device:
            self.note([{"staff_no": self.asked.staff, "device": self.asked.device}], what="page", once=True)


@router.get("/coverage")
def show_coverage(asked: Annotated[CoverageAsked, Query()], actor: TheActor, session: TheSession) -> Response:
    """What was covered in some days, by grid and by person, with the quality of the traces behind each number."""
    look = _Look(session, actor, asked)
    traces = traces_of(session, look.asked, look.what)
    found = coverage(session, look.asked, traces) | points_and_plans(session, look.asked, traces)
    look.note_one()
    look.note(named(found), what="page", once=True)
    if asked.format != "json":
        name = f"patrol-{asked.table}-{look.asked.first}-{look.asked.last}.{asked.format}"
        return as_file(name, partial(write_layer, as_table(found, asked.table)))
    found["choices"] = sight.roster(session, look.scheme, look.period, staff=sight.may_see(actor, None))
    return Response(canonical_json(found), media_type="application/json", headers=_FRESH)


@router.get("/traces")
def show_traces(asked: Annotated[TracesAsked, Query()], actor: TheActor, session: TheSession) -> Response:
    """The traces of a team, a person, a device or a grid; each person whose trace is told is noted as seen."""
    look = _Look(session, actor, asked)
    if not (look.asked.team or look.asked.staff or look.asked.device or look.asked.grid):
        raise BadInput("whose_trace", "Say whose traces are meant: a team, staff, a device or a grid.", field="staff")
    found = traces_told(session, look.asked)
    look.note(found["traces"], what="page" if asked.format == "json" else asked.format)
    name = f"traces-{look.asked.first}-{look.asked.last}.{asked.format}"
    if asked.format == "gpx":
        return as_file(name, partial(write_gpx, found))
    if asked.format != "json":
        return as_file(name, partial(write_layer, fixes_table(found)))
    return Response(canonical_json(found), media_type="application/json", headers=_FRESH)


@router.get("/unvisited")
def show_unvisited(asked: Annotated[UnvisitedAsked, Query()], actor: TheActor, session: TheSession) -> Response:
    """Streets or buildings that nobody came near, as GeoJSON."""
    look = _Look(session, actor, asked)
    found = unvisited(session, look.asked, what=asked.what)
    look.note_one()
    return Response(canonical_json(found), media_type="application/geo+json", headers=_FRESH)


@router.get("/live")
def show_live(
    actor: TheActor,
    session: TheSession,
    scheme: Annotated[str, Query(max_length=100, description="Whose city is meant.")] = DEFAULT_SCHEME,
) -> Response:
    """Where those on shift are now, and how old that is; a worker sees the own position."""
    staff = sight.may_see(actor, None, among=sight.SENDING)
    meant = scheme_named(session, scheme)
    found = live(session, scheme)
    seen = [one for one in found["positions"] if staff in (None, one["staff_no"])]
    now = datetime.now(UTC)
    oldest = now - timedelta(seconds=max((one["age_s"] for one in seen), default=0) + 1)
    sight.note(session, actor, seen, tree=meant.tree, period=(oldest, now), what="live", once=True)
    return Response(canonical_json({"positions": seen}), media_type="application/json", headers=_FRESH)


@router.get("/views")
def show_views(asked: Annotated[ViewsAsked, Query()], actor: TheActor, session: TheReader) -> dict[str, Any]:
    """Who looked at the traces of a person, the newest look first; the person may know, and supervisors."""
    sight.may_see(actor, asked.staff)
    found = views_of(session, asked.staff, tree=city(session, asked.tree))
    return {"staff": asked.staff, "views": found}
