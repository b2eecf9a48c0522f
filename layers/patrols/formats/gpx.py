"""GPX: the points of tracks, with their time; places and planned routes in the file were not walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, fromstring

from gis.errors import BadInput
from layers.patrols.fixes import Fix
from layers.patrols.formats.measured import from_text, measured, number

# Such a file may name other files, or grow without end while it is read; no device writes one.
_DECLARES = re.compile(rb"<\s*!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def fixes_of(body: bytes) -> Iterator[tuple[int, Fix | None]]:
    """Each point of a track with its number from 1, and None for one without an instant or a place.

    Raises:
        BadInput: `gpx_unreadable`.

    >>> point = '<trkpt lat="34.75" lon="113.65"><time>2026-05-03T00:00:00Z</time><speed>1.5</speed></trkpt>'
    >>> [(number, fix.speed_ms) for number, fix in fixes_of(f"<gpx><trk><trkseg>{point}</trkseg></trk></gpx>".encode())]
    [(1, 1.5)]
    """
    if _DECLARES.search(body.replace(b"\0", b"")):
        raise _unreadable("it declares entities")
    try:
        root = fromstring(body)
    except ParseError as error:
        raise _unreadable(str(error)) from error
    if _name(root) != "gpx":
        raise _unreadable(f"it begins with <{_name(root)}>")
    points = (element for element in root.iter() if _name(element) == "trkpt")
    for count, point in enumerate(points, start=1):
        yield count, _fix(point)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _fix(point: Element) -> Fix | None:
    # Extensions hold the speed in newer files; the first of a name is meant.
    said: dict[str, str] = {}
    for element in point.iter():
        said.setdefault(_name(element).lower(), element.text or "")
    at, x, y = from_text(said.get("time")), number(point.get("lon")), number(point.get("lat"))
    if at is None or x != x or y != y:
        return None
    return Fix(at, x, y, measured(said.get("accuracy")), measured(said.get("speed")), measured(said.get("course")))


def _unreadable(why: str) -> BadInput:
    return BadInput("gpx_unreadable", f"This is no GPX file that can be read: {why}.", field="file")
