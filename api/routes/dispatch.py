"""The dispatch centre's lists: all open cases for a page, the queue for other clients, places by name."""

from __future__ import annotations

import zlib
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api.answers import canonical_json
from api.deps import TheReader
from api.schemas.dispatch import QueueAsked
from layers.dispatch.names import names
from layers.dispatch.open_cases import open_cases
from layers.dispatch.places import MOST_PLACES, places
from layers.dispatch.queue import page
from layers.dispatch.together import read_together

router = APIRouter(tags=["dispatch"])

Tree = Annotated[
    str | None, Query(max_length=100, description="City; that of the scheme which takes reports if not given.")
]
_GZIP = 16 + zlib.MAX_WBITS


@router.get("/dispatch/cases")
def cases_as_columns(request: Request, session: TheReader, tree: Tree = None) -> Response:
    """All open cases of a city as columns, by deadline, with the place in the live stream from which to follow them."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    text = read_together((str(session.get_bind().engine.url), tree), lambda: _packed(session, tree))
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        text = zlib.decompress(text, _GZIP)
    return Response(text, media_type="application/json", headers=headers)


def _packed(session: Session, tree: str | None) -> bytes:
    # Here and at the fastest level: the general one would take longer than all the rest.
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return packer.compress(canonical_json(open_cases(session, tree))) + packer.flush()


@router.get("/dispatch/queue")
def queue(asked: Annotated[QueueAsked, Query()], session: TheReader) -> Response:
    """A page of the open cases in the order in which they are to be seen to, with how many are overdue."""
    found = page(session, asked.tree, filters=asked.filters(), after=asked.after, limit=asked.limit)
    head = {"total": found.total, "overdue": found.overdue, "next": found.next}
    # The rows are JSON text from the database already; they are not parsed again.
    text = canonical_json(head)[:-1] + b',"rows":' + found.rows.encode() + b"}"
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/dispatch/names")
def names_for_forms(session: TheReader, tree: Tree = None) -> dict[str, Any]:
    """The matters, departments and people that a form can name."""
    return names(session, tree)


@router.get("/places")
def places_named(
    session: TheReader,
    q: Annotated[str, Query(min_length=1, max_length=100, description="Words of a name or an address.")],
    tree: Tree = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PLACES)] = 20,
) -> dict[str, Any]:
    """Buildings and streets whose name or address holds all the words of `q`, the best first."""
    return {"places": places(session, q, tree, limit=limit)}
