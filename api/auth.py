"""Who asks. Until sign-in exists a name is taken on trust, and only from this machine."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request

from gis.errors import BadInput
from layers.actor import RESIDENT, SYSTEM, Actor
from layers.cases.loop import roles
from layers.errors import Forbidden

_LONGEST_NAME = 100


async def get_actor(request: Request) -> Actor:
    """The actor of a request: the one X-Actor names, else 'anonymous', in the roles of X-Role, else a resident.

    Raises:
        Forbidden: X-Actor or X-Role came from another machine.
        BadInput: X-Actor is not a name, or X-Role is none of a person's roles.
    """
    name, in_roles = (request.headers.get(header) for header in ("x-actor", "x-role"))
    if (name is not None or in_roles is not None) and not _is_from_this_machine(request):
        header = "X-Role" if name is None else "X-Actor"
        raise Forbidden("actor_not_trusted", f"{header} is accepted from this machine only.", field=header)
    actor = Actor("anonymous" if name is None else _name(name))
    return actor if in_roles is None else replace(actor, roles=_roles(in_roles))


def _roles(given: str) -> tuple[str, ...]:
    """One or several roles, as the header holds them; the system's is nobody's."""
    known = (roles() | {RESIDENT}) - set(SYSTEM.roles)
    found = tuple(dict.fromkeys(given.split()))
    if not found or not known.issuperset(found):
        raise BadInput(
            "unknown_role",
            f"X-Role holds one or several of {', '.join(sorted(known))}, with a space between two.",
            field="X-Role",
            value=given,
        )
    return found


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
