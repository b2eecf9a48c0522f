"""The planner at "/planner": boundaries are drawn, their consequences seen, and published."""

from __future__ import annotations

from dataclasses import asdict

from gis.balance import MEASURES, Effort
from maps.leaflet import DrawnGrids, GridMap, shape_tiles
from maps.page import put_together
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
    put_together(
        figure,
        GridMap(lang=lang, label="planner.map", zoom_at="topright"),
        {"canvas": DrawnGrids(name=t(lang, "layer.grids")), "shapes": shape_tiles()},
        *("service", "legend", "table", "shell", "planner-ground", "planner-draft", "planner-snap", "planner-cross"),
        *("planner-tools", "planner-choosing", "planner-corners", "planner-drawing", "planner-effects"),
        *("planner-conflict", "planner-editing", "planner-drafts", "planner-publish", "planner-history"),
        *("planner-suggest", "planner-swipe", "planner-finding", "planner-page"),
        call="plannerPage",
        styles=("planner",),
    )
    return figure.render()
