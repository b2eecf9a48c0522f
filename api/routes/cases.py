"""Cases: report one, look at one."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from api.answers import canonical_json
from api.auth import TheActor
from api.deps import TheSession
from api.schemas.cases import CaseReport
from layers.cases.intake import Claim, receive
from layers.cases.queries import detail

router = APIRouter(tags=["cases"])

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Makes a repeat harmless.")
]


@router.post("/cases", status_code=201)
def report_case(body: CaseReport, actor: TheActor, session: TheSession, key: IdempotencyKey = None) -> Response:
    """Take a report in; the answer says which grid it lies in, who gets it and why.

    With an Idempotency-Key a repeat gets the first answer again, marked `Idempotent-Replay: true`.
    """
    receipt = receive(session, actor, body.report(), claim=_claim(key, body))
    headers = {"Location": f"/api/v1/cases/{receipt.answer['number']}"}
    if receipt.is_replay:
        headers["Idempotent-Replay"] = "true"
    return Response(canonical_json(receipt.answer), status_code=201, media_type="application/json", headers=headers)


@router.get("/cases/{number}")
def show_case(number: str, session: TheSession) -> dict[str, Any]:
    """All there is to know of one case."""
    return detail(session, number)


def _claim(key: str | None, body: CaseReport) -> Claim | None:
    if key is None:
        return None
    asked = canonical_json(body.model_dump(mode="json", exclude_none=True))
    return Claim(key, hashlib.sha256(asked).hexdigest())
