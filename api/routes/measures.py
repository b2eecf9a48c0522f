"""How well it goes: measures, the cases each number is made of, and the letters that ask a department in."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath

from api.answers import as_file, canonical_json
from api.auth import TheActor
from api.deps import TheReader, TheSession
from api.schemas.measures import LetterDecided, MeasureOpened, MeasuresAsked
from data.writers import write_layer
from layers.dispatch.letters import decide, letters
from layers.dispatch.measures import as_table, measured, opened

router = APIRouter(tags=["measures"])

_FRESH = {"Cache-Control": "no-store"}
LetterNumber = Annotated[int, InPath(ge=1, lt=2**63)]


@router.get("/measures")
def show_measures(asked: Annotated[MeasuresAsked, Query()], session: TheReader) -> Response:
    """All measures of a period, for the city and for each group, with the formula of each."""
    found = measured(session, asked.asked())
    if asked.format == "json":
        return Response(canonical_json(found), media_type="application/json", headers=_FRESH)
    return as_file(f"measures-{found['from']}-{found['to']}.{asked.format}", partial(write_layer, as_table(found)))


@router.get("/measures/cases")
def show_cases_of_measure(asked: Annotated[MeasureOpened, Query()], session: TheReader) -> Response:
    """A page of the cases that one number counts."""
    found = opened(session, asked.asked(), asked.measure, asked.part, of=asked.of, after=asked.after, limit=asked.limit)
    return Response(canonical_json(found), media_type="application/json", headers=_FRESH)


@router.get("/letters")
def list_letters(
    session: TheReader,
    tree: Annotated[str | None, Query(max_length=100, description="Only those of this city.")] = None,
    state: Annotated[str | None, Query(max_length=40, description="draft, sent or dropped.")] = None,
) -> dict[str, Any]:
    """Letters that ask a department in for a talk, the newest first, with the notices that led to each."""
    return {"letters": letters(session, tree=tree, state=state)}


@router.post("/letters/{number}")
def decide_letter(number: LetterNumber, body: LetterDecided, actor: TheActor, session: TheSession) -> dict[str, Any]:
    """Record that a person sent a letter, or dropped it; the program sends none."""
    return decide(session, actor, number, body.decision, note=body.note)
