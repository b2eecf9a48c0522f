"""Fixes come in from applications of others, at the addresses and with the answers that these know.

Such an application sends a message again until it hears a status that it takes for success, and holds back all later
ones meanwhile. So everything that a known device sends is answered with success, also what is kept aside and no fix.
"""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.security.utils import get_authorization_scheme_param

from api.deps import TheBody
from api.errors import problem
from api.routes.fixes import written
from gis.errors import BadInput, GridError
from layers.errors import Unknown
from layers.patrols.fixes import Sent, Taken
from layers.patrols.formats import osmand, owntracks
from layers.patrols.formats.measured import json_object

router = APIRouter(tags=["fixes"])

_ASK = {"WWW-Authenticate": 'Basic realm="gridkeeper"'}


@router.post(
    "/pub",
    openapi_extra={
        "requestBody": {"content": {"application/json": {}}},
        "parameters": [
            {
                "name": "u",
                "in": "query",
                "schema": {"type": "string"},
                "description": "The user; has to be the one that signs in.",
            }
        ],
    },
)
async def take_owntracks(request: Request, body: TheBody) -> Response:
    """Take a message of OwnTracks in; the user is the label of the device, the password its secret."""
    try:
        await written(request, owntracks_of(request, body))
    except Unknown as error:
        return problem(error, headers=_ASK)
    return owntracks_told()


def owntracks_of(request: Request, body: bytes) -> Sent:
    """What a message of OwnTracks brings.

    Raises:
        Unknown: `not_signed_in`.
    """
    label, secret = _signed_in(request)
    fix = owntracks.fix_of(body)
    return Sent(secret, [fix] if fix else [], label=label)


def owntracks_told(_: Taken | None = None) -> Response:
    """What OwnTracks takes for success."""
    return Response(b"[]", media_type="application/json")


@router.get("/osmand")
async def take_osmand_address(request: Request) -> Response:
    """Take a fix of OsmAnd or Traccar Client in; all of it is in the address."""
    return await take_osmand(request, b"")


@router.post("/osmand", openapi_extra={"requestBody": {"content": {"application/json": {}, "*/*": {}}}})
async def take_osmand(request: Request, body: TheBody) -> Response:
    """Take a fix of OsmAnd or Traccar Client in; it is in the address, in a form, or in JSON."""
    try:
        sent = osmand_of(request, body)
    except GridError as error:
        return problem(error, status=400)
    try:
        await written(request, sent)
    except Unknown as error:
        return problem(error, status=404 if _has_json(request, body) else 400)
    return osmand_told()


def osmand_of(request: Request, body: bytes) -> Sent:
    """What a message of OsmAnd or Traccar Client brings.

    Raises:
        GridError: `body_not_json`, `device_missing`.
    """
    if _has_json(request, body):
        given = json_object(body)
        if given is None:
            raise BadInput("body_not_json", "The body is not a JSON object.", field="body")
        told = osmand.told_in_json(given)
    else:
        is_form = _kind(request) == "application/x-www-form-urlencoded"
        form = dict(parse_qsl(body.decode("utf-8", "replace"))) if is_form else {}
        told = osmand.told_in_names({**request.query_params, **form})
    if told.secret is None:
        raise GridError("device_missing", "The request names no device.", field="id")
    return Sent(told.secret, [told.fix] if told.fix else [])


def osmand_told(_: Taken | None = None) -> Response:
    """What OsmAnd and Traccar Client take for success."""
    return Response()


def _has_json(request: Request, body: bytes) -> bool:
    return bool(body) and _kind(request) == "application/json"


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _signed_in(request: Request) -> tuple[str, str]:
    """The user and the password of a request.

    Raises:
        Unknown: `not_signed_in`: it has none, or says elsewhere that it is somebody else.
    """
    scheme, given = get_authorization_scheme_param(request.headers.get("authorization"))
    try:
        name, colon, secret = b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        name, colon, secret = "", "", ""
    claimed = {one for one in (request.query_params.get("u"), request.headers.get("x-limit-u")) if one is not None}
    if scheme.lower() != "basic" or not colon or claimed - {name}:
        raise Unknown(
            "not_signed_in", "Sign in with the label of the device as user and its secret as password.", field="user"
        )
    return name, secret
