"""The tasks of one person at "/tasks": made for a telephone in the street."""

from __future__ import annotations

from branca.element import CssLink

from maps.assets import STATIC_URL
from maps.leaflet import GridLayer, GridMap, PageScript
from maps.shell import page_figure
from maps.strings import t


def tasks_page(*, lang: str, nonce: str) -> str:
    """An empty frame whose scripts read the tasks of a staff number from the API.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(page="tasks", template="tasks.html", lang=lang, nonce=nonce)
    for name in ("planner", "dispatch", "tasks"):
        figure.header.add_child(CssLink(f"{STATIC_URL}css/{name}.css"), name=f"gk_{name}_css")
    base = GridMap(lang=lang, label="tasks.map")
    figure.add_child(base)
    grids = GridLayer(name=t(lang, "layer.grids"))
    base.add_child(grids)
    figure.add_child(
        PageScript(
            *("service", "cards", "shell", "dispatch-clock", "dispatch-person", "dispatch-fields", "dispatch-steps"),
            *("dispatch-drawer", "tasks-list", "tasks-report", "tasks-page"),
            call="tasksPage",
            parts={"map": base, "grids": grids},
        )
    )
    return figure.render()
