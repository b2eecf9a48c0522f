"""The dispatch centre at "/dispatch": all open cases live, and what may be done with each."""

from __future__ import annotations

from branca.element import Element

from maps import assets
from maps.leaflet import DispatchLayer, GridLayer, GridMap, shape_tiles
from maps.page import put_together
from maps.shell import page_figure
from maps.strings import t

# The keys of the page in the order of its help sheet, and what each does.
KEYS = (
    (("J", "K"), "step"),
    (("Enter",), "open"),
    (("D",), "dispatch"),
    (("R",), "return"),
    (("/",), "search"),
    (("N",), "new"),
    (("F",), "full"),
    (("M",), "map"),
    (("Esc",), "back"),
    (("?",), "help"),
)


def dispatch_page(*, lang: str, nonce: str) -> str:
    """An empty frame whose scripts read the open cases from the API and follow them.

    Args:
        lang: "zh" or "en".
        nonce: The one-time word that `maps.figure.content_security_policy` puts into the response header.
    """
    figure = page_figure(page="dispatch", template="dispatch.html", lang=lang, nonce=nonce, keys=KEYS)
    # Within the page: a file of its own would be asked for among thirty others, a quarter of a second later.
    early = assets.text(assets.own("js/dispatch-early.js"))
    figure.header.add_child(Element(f"<script>{early}</script>"), name="gk_dispatch_early")
    grids, marks = GridLayer(name=t(lang, "layer.grids")), DispatchLayer(name=t(lang, "layer.cases"))
    put_together(
        figure,
        GridMap(lang=lang, label="dispatch.map"),
        {"grids": grids, "shapes": shape_tiles(), "marks": marks},
        *("service", "cards", "legend", "shell", "packed", "dispatch-store", "dispatch-live", "dispatch-list"),
        *("dispatch-filters", "dispatch-person", "dispatch-fields", "dispatch-steps", "dispatch-drawer"),
        *("dispatch-case", "dispatch-new", "dispatch-legend", "dispatch-keys", "dispatch-screen", "dispatch-page"),
        call="dispatchPage",
        styles=("planner", "dispatch"),  # the planner's forms and dialogs look the same here
    )
    return figure.render()
