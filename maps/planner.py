"""The planner at "/planner": boundaries are drawn, their consequences seen, and published."""

from __future__ import annotations

from dataclasses import asdict

from branca.element import CssLink

from gis.balance import MEASURES, Effort
from maps.assets import STATIC_URL
from maps.leaflet import DrawnGrids, GridMap, PageScript, shape_tiles
from maps.shell import page_figure
from maps.strings import t

# The tools of the bar, in its order, and the keys that take them up.
TOOLS = (
    ("select", "V"),
    ("split", "S"),
    ("merge", "M"),
    ("move", "C"),
    ("add", "A"),
    ("give", "G"),
    ("carve", "D"),
    ("suggest", "B"),
)


def planner_page(*, lang: str, nonce: str) -> str:
    """An empty frame whose scripts read drafts, grids and consequences from the API.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(
        page="planner",
        template="planner.html",
        lang=lang,
        nonce=nonce,
        tools=TOOLS,
        measures=MEASURES,
        weights=asdict(Effort()),
    )
    figure.header.add_child(CssLink(f"{STATIC_URL}css/planner.css"), name="gk_planner_css")
    base = GridMap(lang=lang, label="planner.map", zoom_at="topright")
    figure.add_child(base)
    shapes = shape_tiles()
    grids = DrawnGrids(name=t(lang, "layer.grids"))
    for layer in (grids, *shapes.values()):
        base.add_child(layer)
    figure.add_child(
        PageScript(
            *("service", "legend", "shell", "planner-ground", "planner-draft", "planner-snap", "planner-cross"),
            *("planner-tools", "planner-choosing", "planner-corners", "planner-drawing", "planner-effects"),
            *("planner-conflict", "planner-editing", "planner-drafts", "planner-publish", "planner-history"),
            *("planner-suggest", "planner-swipe", "planner-finding", "planner-page"),
            call="plannerPage",
            parts={"map": base, "canvas": grids, "shapes": shapes},
        )
    )
    return figure.render()
