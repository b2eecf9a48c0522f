"""Who asks. Until sign-in exists a name is taken on trust, and only from this machine."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request

from gis.errors import BadInput
from layers.actor import Actor
from layers.errors import Forbidden

_LONGEST_NAME = 100


def get_actor(request: Request) -> Actor:
    """The actor of a request: the one X-Actor names, else 'anonymous'.

    Raises:
        Forbidden: X-Actor came from another machine.
        BadInput: X-Actor is not a name.
    """
    given = request.headers.get("x-actor")
    if given is None:
        return Actor("anonymous")
    if not _is_from_this_machine(request):
        raise Forbidden("actor_not_trusted", "X-Actor is accepted from this machine only.", field="X-Actor")
    return Actor(_name(given))


def _is_from_this_machine(request: Request) -> bool:
    # A proxy on this machine passes on what comes from elsewhere, and says so.
    if request.client is None or {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers.keys()):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _name(given: str) -> str:
    try:
        name = given.encode("latin-1").decode("utf-8").strip()
    except UnicodeDecodeError:
        name = ""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise BadInput(
            "bad_actor",
            f"X-Actor must be a name of 1 to {_LONGEST_NAME} characters in UTF-8.",
            field="X-Actor",
            value=given,
        )
    return name


TheActor = Annotated[Actor, Depends(get_actor)]
