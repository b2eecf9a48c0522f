"""Fixes come in from our own clients, and as files."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from api.answered import Waiting
from api.answers import canonical_json
from api.deps import TheBody
from api.schemas.fixes import FixBatch, FixesTaken
from layers.errors import Unknown
from layers.patrols.fixes import Sent, Taken
from layers.patrols.formats import gpx
from layers.patrols.writer import Writer

router = APIRouter(tags=["fixes"])

_LONGEST_SECRET = 200
DeviceSecret = Annotated[
    str, Header(alias="X-Device", max_length=_LONGEST_SECRET, description="The secret of the device.")
]


@router.post("/fixes", response_model=FixesTaken)
async def take_fixes(request: Request, body: FixBatch, secret: DeviceSecret) -> Response:
    """Take fixes of one device in; what is answered is stored, and sending it again changes nothing."""
    return told(await written(request, body.sent(secret)))


def batch_of(request: Request, body: bytes) -> Sent | None:
    """What a well formed request for that brings, None where it has to be looked at closer.

    Raises:
        ValueError: It is none.
    """
    secret, kind = request.headers.get("x-device", ""), request.headers.get("content-type", "")
    if not 0 < len(secret) <= _LONGEST_SECRET or kind.partition(";")[0] != "application/json":
        return None
    return FixBatch.model_validate_json(body).sent(secret)


@router.post(
    "/fixes/gpx",
    response_model=FixesTaken,
    openapi_extra={"requestBody": {"required": True, "content": {"application/gpx+xml": {}}}},
)
def take_gpx(request: Request, body: TheBody, secret: DeviceSecret) -> Response:
    """Take the points of the tracks of a GPX file in as fixes of one device."""
    points = [fix for _, fix in gpx.fixes_of(body)]
    sent = Sent(secret, [fix for fix in points if fix is not None])
    writer: Writer = request.app.state.fixes.writer
    found, bad = _known(writer.put(sent).result()), len(points) - len(sent.fixes)
    return told(replace(found, received=found.received + bad, unreadable=bad))


async def written(request: Request, sent: Sent) -> Taken:
    """What became of fixes, after their commit.

    Raises:
        Unknown: `unknown_device`.
        Unavailable: Too many wait already.
    """
    waiting: Waiting = request.app.state.fixes
    return _known(await waiting.written(sent))


def _known(found: Taken | None) -> Taken:
    if found is None:
        raise Unknown("unknown_device", "No device that is in use has this secret.", field="device")
    return found


def told(found: Taken) -> Response:
    """The answer to those who send fixes of ours."""
    return Response(canonical_json(vars(found)), media_type="application/json")
