"""The frame that all pages share: header, menu, panel, list, status line, one stylesheet, one catalogue."""

from __future__ import annotations

from functools import partial

from branca.element import CssLink

from data.matters import matters
from layers.cases.reasons import ROLES
from maps import styles
from maps.assets import STATIC_URL
from maps.figure import PageFigure
from maps.strings import LANGUAGES, catalogue, t

# Pages that exist, in the order of the menu: (key, address).
MENU = (
    *(("cases", "/"), ("dispatch", "/dispatch"), ("tasks", "/tasks"), ("patrol", "/patrol")),
    *(("hotspots", "/hotspots"), ("reach", "/reach"), ("planner", "/planner")),
)


def page_figure(
    *, page: str, template: str, lang: str, nonce: str, inline: bool = False, **context: object
) -> PageFigure:
    """An empty page in the shared frame.

    Args:
        page: Key of the page in the menu; its title is the text `page.<key>`.
        template: File in `maps/templates` that fills the frame.
        lang: "zh" or "en".
        nonce: The one-time word of the content security policy.
        inline: Make one self-contained file instead of a served page.
        **context: Further values for the template.
    """
    figure = PageFigure(
        title=f"{t(lang, f'page.{page}')} · {t(lang, 'product')}",
        lang=lang,
        template=template,
        context={
            "t": partial(t, lang),
            "page": page,
            "menu": MENU,
            "languages": LANGUAGES,
            "variables": styles.css_variables(),
            **context,
        },
        config={"lang": lang, "strings": catalogue(lang) | _roles(lang) | _matters(lang), "palette": styles.palette()},
        nonce=nonce,
        inline=inline,
    )
    figure.header.add_child(CssLink(f"{STATIC_URL}css/shell.css"), name="gk_shell_css")
    figure.header.add_child(CssLink(f"{STATIC_URL}css/map.css"), name="gk_map_css")
    return figure


def _matters(lang: str) -> dict[str, str]:
    return {f"matter.{code}": names[lang] for code, names in matters().items()}


def _roles(lang: str) -> dict[str, str]:
    return {f"role.{role}": names[lang] for role, names in ROLES.items()}
