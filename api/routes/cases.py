"""Cases: report one, look at one, take a step with one."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel

from api.answers import canonical_json
from api.auth import TheActor
from api.deps import TheEngine, TheSession
from api.etags import SeenCase, case_tag
from api.schemas.cases import CaseReport
from api.schemas.steps import StepAsked
from data.session import unit_of_work
from layers.cases.claims import Claim, Receipt
from layers.cases.intake import receive
from layers.cases.loop_told import loop_told
from layers.cases.queries import case_id, detail, plain
from layers.cases.steps import take_once

router = APIRouter(tags=["cases"])

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Makes a repeat harmless.")
]


@router.post("/cases", status_code=201)
def report_case(body: CaseReport, actor: TheActor, bind: TheEngine, key: IdempotencyKey = None) -> Response:
    """Take a report in; the answer says which grid it lies in, who gets it, why, and by when.

    With an Idempotency-Key a repeat gets the first answer again, marked `Idempotent-Replay: true`.
    """
    with unit_of_work(bind) as session:
        receipt = receive(session, actor, body.report(), claim=_claim(key, body))
    return _answer(receipt, status=201, headers={"Location": f"/api/v1/cases/{receipt.answer['number']}"})


@router.get("/cases/{number}")
def show_case(number: str, actor: TheActor, session: TheSession, response: Response) -> dict[str, Any]:
    """All there is to know of one case, and what the asker may do with it."""
    found = plain(detail(session, number, roles=actor.roles))
    response.headers["ETag"] = case_tag(found)
    return found


@router.post("/cases/{number}/steps")
def take_step(
    number: str, body: StepAsked, seen: SeenCase, actor: TheActor, session: TheSession, key: IdempotencyKey = None
) -> Response:
    """Take a step with a case; which ones are possible is told with the case, and all of them by `/api/v1/loop`.

    With an Idempotency-Key a repeat gets the first answer again, marked `Idempotent-Replay: true`.
    """
    revision, claim = seen.revision_of(case_id(number)), _claim(key, body, number)
    receipt = take_once(session, actor, number, body.step, body.fields, seen=revision, claim=claim)
    return _answer(receipt, status=200, headers={"ETag": case_tag(receipt.answer)})


@router.get("/loop")
def show_loop() -> dict[str, Any]:
    """The states of a case and the steps between them, for pages: who may take each, and what it needs."""
    return loop_told()


def _answer(receipt: Receipt, *, status: int, headers: dict[str, str]) -> Response:
    if receipt.is_replay:
        headers["Idempotent-Replay"] = "true"
    return Response(canonical_json(receipt.answer), status_code=status, media_type="application/json", headers=headers)


def _claim(key: str | None, body: BaseModel, *about: str) -> Claim | None:
    if key is None:
        return None
    said = body.model_dump(mode="json", exclude_none=True)
    asked = canonical_json([*about, said] if about else said)
    return Claim(key, hashlib.sha256(asked).hexdigest())
