"""Every error leaves in one shape, problem+json (RFC 9457), with the status from one table."""

from __future__ import annotations

import json
import logging
import secrets
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg2 import errorcodes
from shapely.geometry import mapping
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from starlette.exceptions import HTTPException

from api.headers import PROTECTIVE
from api.schemas.problem import Problem
from api.validation import invalid_input
from data.errors import BrokenRule, DatabaseAway
from gis.errors import BadInput, GridError
from layers.errors import Conflict, Forbidden, NotFound, Outdated, Unavailable, Unknown

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
_LOG = logging.getLogger("gridkeeper")


class Misdirected(GridError):
    """The request was meant for another host."""


class TooLarge(GridError):
    """The body is larger than any request of ours."""


class Unconditional(GridError):
    """The request would change something, and does not say which state of it was seen."""


STATUS: dict[type[GridError], int] = {
    BadInput: 422,
    Unknown: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    BrokenRule: 409,
    Outdated: 412,
    TooLarge: 413,
    Misdirected: 421,
    Unconditional: 428,
    Unavailable: 503,
    DatabaseAway: 503,
    GridError: 500,
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong; the codes are explained in docs/errors.md.",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}
"""For the description of the API: any route may answer with a problem."""

_PROTOCOL_CODES = {
    400: ("body_unreadable", "The body cannot be read as JSON."),
    404: ("no_such_address", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", "The body is larger than any request of ours. Import large files with the command line."),
}
_AWAY = (
    "database_away",
    "The database does not answer. Try again in a moment; a report with an Idempotency-Key may safely be sent again.",
)
_BUSY = ("database_busy", "The database is busy with other requests. Try again in a moment.")
_SLOW = ("took_too_long", "The answer took too long and was given up. Ask for less: a smaller area, a lower limit.")
_WHY_NOT = {
    errorcodes.QUERY_CANCELED: _SLOW,
    errorcodes.LOCK_NOT_AVAILABLE: _BUSY,
    errorcodes.DEADLOCK_DETECTED: _BUSY,
    errorcodes.SERIALIZATION_FAILURE: _BUSY,
}


def problem(error: GridError, *, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    """The answer that stands for an error; all members are always there.

    Args:
        error: What went wrong.
        status: HTTP status, else the one of the error's class.
        headers: Further headers.
    """
    code = status or next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    retry = {"Retry-After": str(RETRY_AFTER_S)} if code == 503 else {}
    members = Problem(
        type=f"urn:gridkeeper:error:{error.code}",
        title=HTTPStatus(code).phrase,
        status=code,
        detail=error.detail,
        code=error.code,
        field=error.field,
        value=error.value,
        where=None if error.where is None else mapping(error.where),
        values=error.values,
    )
    return Response(
        # A lone surrogate in what came in leaves as the escape it came as.
        json.dumps(dict(members), ensure_ascii=False).encode("utf-8", "backslashreplace"),
        status_code=code,
        media_type=MEDIA_TYPE,
        headers={**PROTECTIVE, "Cache-Control": "no-store", **retry, **(headers or {})},
    )


def handle_errors(app: FastAPI) -> None:
    """Give the app its handlers."""
    app.add_exception_handler(GridError, _grid_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _protocol_error)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(NoFreeConnection, _database_error)
    app.add_exception_handler(Exception, _unexpected)


def _grid_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, GridError)
    return problem(error)


def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(invalid_input(error.errors()))


def _protocol_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, detail = _PROTOCOL_CODES.get(error.status_code, (f"http_{error.status_code}", f"{error.detail}."))
    return problem(GridError(code, detail), status=error.status_code, headers=dict(error.headers or {}))


def _database_error(request: Request, error: Exception) -> Response:
    told = _told_of(error)
    if told is None:
        raise error
    _LOG.warning("%s: %s %s: %s", told.code, request.method, request.url.path, error)
    return problem(told)


def _told_of(error: Exception) -> GridError | None:
    """What a caller is told when the database fails; None when that is a fault of ours."""
    if isinstance(error, DataError):
        return BadInput("unstorable_value", "A value is outside what can be stored or compared.")
    if isinstance(error, NoFreeConnection):
        return Unavailable(*_BUSY)
    if isinstance(error, OperationalError | InterfaceError) or getattr(error, "connection_invalidated", False):
        return Unavailable(*_WHY_NOT.get(getattr(getattr(error, "orig", None), "pgcode", None) or "", _AWAY))
    return None


def _unexpected(request: Request, error: Exception) -> Response:
    reference = secrets.token_hex(6)
    _LOG.error("unexpected %s: %s %s", reference, request.method, request.url.path, exc_info=error)
    detail = f"Something went wrong here, not with you. Tell the operators the reference {reference}."
    return problem(GridError("unexpected", detail, values={"reference": reference}))
