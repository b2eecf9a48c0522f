"""Layers: what there is, as GeoJSON pages and as vector tiles."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from api.answers import canonical_json, revalidated
from api.deps import TheSession
from gis.errors import BadInput
from layers.catalog import LAYERS
from layers.features import MAX_LIMIT, Bbox, Page, page, tile

router = APIRouter(prefix="/layers", tags=["layers"])

_LARGEST_ID = 2**63 - 1
_PAGING = frozenset({"bbox", "limit", "after"})


@router.get("")
def catalogue() -> dict[str, Any]:
    """The layers, their properties and the filters each one takes."""
    return {
        "layers": [
            {
                "name": layer.name,
                "title": layer.title,
                "geometry_type": layer.geometry_type,
                "properties": list(layer.properties),
                "filters": list(layer.filters),
            }
            for layer in LAYERS.values()
        ]
    }


@router.get("/{name}/items")
def items(
    name: str,
    request: Request,
    session: TheSession,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 1000,
    after: Annotated[int, Query(ge=0, le=_LARGEST_ID)] = 0,
) -> Response:
    """A page of features in the order of their ids; the layer's filters are parameters of their own names."""
    filters = _filters(request, known=_PAGING)
    found = page(session, name, filters=filters, bbox=parse_bbox(bbox), after=after, limit=limit)
    return revalidated(request, _collection(request, found), media_type="application/geo+json")


@router.get("/{name}/tiles/{z}/{x}/{y}.mvt")
def vector_tile(name: str, z: int, x: int, y: int, request: Request, session: TheSession) -> Response:
    """A Web Mercator vector tile with one layer of the same name; 204 where nothing lies."""
    body = tile(session, name, z=z, x=x, y=y, filters=_filters(request))
    return revalidated(request, body, media_type="application/vnd.mapbox-vector-tile")


def _collection(request: Request, found: Page) -> bytes:
    links = [{"rel": "self", "type": "application/geo+json", "href": _href(request, {})}]
    if found.next_after is not None:
        href = _href(request, {"after": str(found.next_after)})
        links.append({"rel": "next", "type": "application/geo+json", "href": href})
    head = f'{{"type":"FeatureCollection","numberReturned":{found.count},"links":'.encode()
    # The features are JSON text from the database already; they are not parsed again.
    return head + canonical_json(links) + b',"features":' + found.features.encode() + b"}"


def _href(request: Request, changed: dict[str, str]) -> str:
    query = urlencode({**request.query_params, **changed})
    return f"{request.url.path}?{query}" if query else request.url.path


def _filters(request: Request, *, known: Iterable[str] = ()) -> dict[str, object]:
    names = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in names.items():
        if times > 1:
            raise BadInput("given_twice", f"The parameter {name} is given more than once.", field=name)
    return {name: value for name, value in request.query_params.items() if name not in known}


def parse_bbox(text: str | None) -> Bbox | None:
    """A box of degrees.

    Raises:
        BadInput: `bad_bbox`.
    """
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise _bad_bbox(text, "it must be four numbers") from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise _bad_bbox(text, "the numbers must be finite")
    if not (-90 <= south <= 90 and -90 <= north <= 90):
        raise _bad_bbox(text, "a latitude lies between -90 and 90")
    if west > east or south > north:
        raise _bad_bbox(text, "west may not exceed east, nor south north")
    return west, south, east, north


def _bad_bbox(text: str, wrong: str) -> BadInput:
    return BadInput(
        "bad_bbox", f"bbox is west,south,east,north in degrees of WGS 84; {wrong}.", field="bbox", value=text
    )
