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

DeviceSecret = Annotated[str, Header(alias="X-Device", max_length=200, description="The secret of the device.")]


@router.post("/fixes", response_model=FixesTaken)
async def take_fixes(request: Request, body: FixBatch, secret: DeviceSecret) -> Response:
    """Take fixes of one device in; what is answered is stored, and sending it again changes nothing."""
    return _told(await written(request, Sent(secret, [one.fix() for one in body.fixes], datum=body.datum)))


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
    return _told(replace(found, received=found.received + bad, unreadable=bad))


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


def _told(found: Taken) -> Response:
    return Response(canonical_json(vars(found)), media_type="application/json")
