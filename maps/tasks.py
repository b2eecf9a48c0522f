"""The tasks of one person at "/tasks": made for a telephone in the street."""

from __future__ import annotations

from maps.leaflet import GridLayer, GridMap
from maps.page import put_together
from maps.shell import page_figure
from maps.strings import t


def tasks_page(*, lang: str, nonce: str) -> str:
    """An empty frame whose scripts read the tasks of a staff number from the API.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(page="tasks", template="tasks.html", lang=lang, nonce=nonce)
    put_together(
        figure,
        GridMap(lang=lang, label="tasks.map"),
        {"grids": GridLayer(name=t(lang, "layer.grids"))},
        *("service", "cards", "shell", "dispatch-clock", "dispatch-person", "dispatch-fields", "dispatch-steps"),
        *("dispatch-drawer", "dispatch-case", "tasks-list", "tasks-report", "tasks-page"),
        call="tasksPage",
        styles=("planner", "dispatch", "tasks"),
    )
    return figure.render()
