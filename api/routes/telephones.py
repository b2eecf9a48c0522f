"""Fixes come in from applications of others, at the addresses and with the answers that these know.

Such an application sends a message again until it hears a status that it takes for success, and holds back all later
ones meanwhile. So everything that a known device sends is answered with success, also what is kept aside and no fix.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request, Response
from fastapi.security.utils import get_authorization_scheme_param

from api.deps import TheBody
from api.errors import problem
from api.routes.fixes import written
from gis.errors import BadInput, GridError
from layers.errors import Unknown
from layers.patrols.fixes import Sent
from layers.patrols.formats import osmand, owntracks
from layers.patrols.formats.measured import json_object

router = APIRouter(tags=["fixes"])

_ASK = {"WWW-Authenticate": 'Basic realm="gridkeeper"'}


@router.post("/pub", openapi_extra={"requestBody": {"content": {"application/json": {}}}})
async def take_owntracks(
    request: Request,
    body: TheBody,
    user: Annotated[str | None, Query(alias="u", description="The user; has to be the one that signs in.")] = None,
) -> Response:
    """Take a message of OwnTracks in; the user is the label of the device, the password its secret."""
    try:
        label, secret = _signed_in(request, user)
        fix = owntracks.fix_of(body)
        await written(request, Sent(secret, [fix] if fix else [], label=label))
    except Unknown as error:
        return problem(error, headers=_ASK)
    return Response(b"[]", media_type="application/json")


@router.get("/osmand")
async def take_osmand_address(request: Request) -> Response:
    """Take a fix of OsmAnd or Traccar Client in; all of it is in the address."""
    return await _take_osmand(request, osmand.told_in_names(dict(request.query_params)), unknown=400)


@router.post("/osmand", openapi_extra={"requestBody": {"content": {"application/json": {}, "*/*": {}}}})
async def take_osmand(request: Request, body: TheBody) -> Response:
    """Take a fix of OsmAnd or Traccar Client in; it is in the address, in a form, or in JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" and body:
        given = json_object(body)
        if given is None:
            return problem(BadInput("body_not_json", "The body is not a JSON object.", field="body"), status=400)
        return await _take_osmand(request, osmand.told_in_json(given), unknown=404)
    form = dict(parse_qsl(body.decode("utf-8", "replace"))) if kind == "application/x-www-form-urlencoded" else {}
    return await _take_osmand(request, osmand.told_in_names({**request.query_params, **form}), unknown=400)


async def _take_osmand(request: Request, told: osmand.Told, *, unknown: int) -> Response:
    try:
        if told.secret is None:
            return problem(GridError("device_missing", "The request names no device.", field="id"), status=400)
        await written(request, Sent(told.secret, [told.fix] if told.fix else []))
    except Unknown as error:
        return problem(error, status=unknown)
    return Response()


def _signed_in(request: Request, user: str | None) -> tuple[str, str]:
    """The user and the password of a request.

    Raises:
        Unknown: `not_signed_in`: it has none, or says elsewhere that it is somebody else.
    """
    scheme, given = get_authorization_scheme_param(request.headers.get("authorization"))
    try:
        name, colon, secret = b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        name, colon, secret = "", "", ""
    claimed = {one for one in (user, request.headers.get("x-limit-u")) if one is not None}
    if scheme.lower() != "basic" or not colon or claimed - {name}:
        raise Unknown(
            "not_signed_in", "Sign in with the label of the device as user and its secret as password.", field="user"
        )
    return name, secret
