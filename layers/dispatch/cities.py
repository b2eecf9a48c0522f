"""Which city is meant."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Scheme
from layers.errors import NotFound
from layers.grids.schemes import DEFAULT_SCHEME


def city(session: Session, tree: str | None) -> str:
    """The city of that name; that of the scheme which takes reports when none is named.

    Raises:
        NotFound: `unknown_tree`: no scheme of grids is of that city; the sentence lists those there are.
    """
    found = dict(session.execute(select(Scheme.name, Scheme.tree)).all())
    known = sorted(set(found.values()))
    meant = tree if tree is not None else found.get(DEFAULT_SCHEME)
    if meant not in known:
        listed = ", ".join(known) or "none yet"
        detail = f"There is no city named '{meant}'." if meant else "Say which city is meant with tree."
        raise NotFound("unknown_tree", f"{detail} Known: {listed}.", field="tree", value=meant, values={"known": known})
    return meant
