"""What every page with a map is made of in the end: its styles, its map, the layers on it, and its script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from branca.element import CssLink
from folium.map import Layer

from maps.assets import STATIC_URL
from maps.figure import PageFigure
from maps.leaflet import GridMap, PageScript


def put_together(
    figure: PageFigure,
    base: GridMap,
    layers: Mapping[str, Layer | Mapping[str, Layer]],
    *scripts: str,
    call: str,
    styles: Sequence[str] = (),
    data: str | None = None,
) -> None:
    """Fill a page.

    Args:
        figure: The page.
        base: Its map.
        layers: The layers on it, from the lowest up, by the name under which the function gets them; several may be
            together in one.
        scripts: The scripts to load, in order.
        call: The function that is called at the end, with the map and the layers.
        styles: Style sheets beside those of every page.
        data: Name of the payload that the function is given, too.
    """
    for name in styles:
        figure.header.add_child(CssLink(f"{STATIC_URL}css/{name}.css"), name=f"gk_{name}_css")
    figure.add_child(base)
    for one in layers.values():
        for layer in one.values() if isinstance(one, Mapping) else (one,):
            base.add_child(layer)
    parts = {"map": base, **layers} | ({} if data is None else {"data": data})
    figure.add_child(PageScript(*scripts, call=call, parts=parts))
