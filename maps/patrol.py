"""The patrol page at "/patrol": where people have been, how well that is known, and what nobody has looked at."""

from __future__ import annotations

from gis.coverage import STREET_SHARE
from gis.planned import STATES
from gis.quality import WITHHELD
from gis.tracks import SENTENCES
from layers.patrols.asking import REACH_M
from maps.leaflet import GridLayer, GridMap, PatrolMarks, TraceLayer, UnvisitedLayer, shape_tiles
from maps.page import put_together
from maps.shell import page_figure
from maps.strings import t

# What the grids can be coloured by, the first one at first.
MEASURES = ("area_share", "street_share", "building_share", "visits", "days_since")
# What counts as within reach, in metres.
REACHES = (15, 20, 25, 30, 50)
# The tables below the map.
TABLES = ("grids", "people", "points", "plans", "fixes", "live")


def patrol_page(*, lang: str, nonce: str) -> str:
    """An empty frame whose scripts read coverage, traces and positions from the API.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(
        page="patrol",
        template="patrol.html",
        lang=lang,
        nonce=nonce,
        measures=MEASURES,
        reaches=REACHES,
        reach=REACH_M,
        tables=TABLES,
    )
    figure.config["strings"] |= {f"fate.{fate.name}": names[lang] for fate, names in SENTENCES.items()}
    figure.config["strings"] |= {f"patrol.point.{state}": names[lang] for state, names in STATES.items()}
    figure.config["strings"] |= {f"withheld.{code}": names[lang] for code, names in WITHHELD.items()}
    figure.config["street_share"] = STREET_SHARE
    grids, unvisited = GridLayer(name=t(lang, "layer.grids")), UnvisitedLayer(name=t(lang, "layer.unvisited"))
    traces, marks = TraceLayer(name=t(lang, "layer.traces")), PatrolMarks(name=t(lang, "layer.points"))
    put_together(
        figure,
        GridMap(lang=lang, label="patrol.map"),
        {"grids": grids, "shapes": shape_tiles(), "unvisited": unvisited, "traces": traces, "marks": marks},
        *("service", "cards", "legend", "table", "time-control", "shell", "dispatch-clock", "dispatch-person"),
        *("patrol-measures", "patrol-choices", "patrol-cards", "patrol-legend", "patrol-lists", "patrol-playback"),
        *("patrol-live", "patrol-report", "patrol-page"),
        call="patrolPage",
        # The planner's dialogs and the dispatch centre's question who sits here look the same here.
        styles=("planner", "dispatch", "patrol"),
    )
    return figure.render()
