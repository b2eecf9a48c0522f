"""A branca figure whose page loads nothing from anywhere else.

folium links to other hosts by default. Here every link is mapped, by name, to a local file; an unknown one
raises; and a second net reads the finished page and refuses what still points outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from branca.element import CssLink, Element, Figure, Link
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gis.errors import GridError
from maps import assets

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_EXTERNAL = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
_EXTERNAL_IN_SCRIPT = re.compile(r"https?://|[\"'`]//\w", re.IGNORECASE)
_EXTERNAL_IN_STYLE = re.compile(r"(?:@import\s+|url\()\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE)
_LOADING = {"src", "srcset", "poster", "data", "background", "action", "formaction", "style"}


class PageFigure(Figure):
    """A page around a folium map.

    Args:
        title: Text of the page's title.
        lang: Language of the page, "zh" or "en".
        template: Name of a file in `maps/templates`.
        context: Values for the template.
        config: What our scripts read at the start; a JSON block in the page.
        nonce: The one-time word of the content security policy; every script and style carries it.
        inline: Embed every asset, so that the page is one file that opens without a server.
    """

    def __init__(
        self,
        *,
        title: str,
        lang: str,
        template: str,
        context: dict[str, Any],
        config: dict[str, Any],
        nonce: str,
        inline: bool = False,
    ) -> None:
        super().__init__(title=title, height="640px")
        self.lang, self.nonce, self.inline = lang, nonce, inline
        self.template, self.context, self.config = template, context, config
        self.payload: dict[str, Any] = {}

    def render(self, **kwargs: object) -> str:
        """The whole page as HTML.

        Raises:
            GridError: `unknown_asset` for a link without a local file, `external_address` for anything else
                that would load from another host.
        """
        for child in self._children.values():
            child.render(**kwargs)
        script = str(self.script.render(**kwargs))
        if found := _EXTERNAL_IN_SCRIPT.search(script):
            raise _external(script[found.start() : found.start() + 80])
        # our stylesheets come last, so that they win over those of plugins
        links = sorted(self.header._children.items(), key=lambda item: _is_our_style(item[1]))
        head = Markup("\n").join([*self._heads(links), self._scripts(links)])
        html = TEMPLATES.get_template(self.template).render(
            figure=self,
            head=head,
            body=Markup(self.html.render(**kwargs)),
            script=Markup(script),
            config=json_block(self.config),
            payload={name: json_block(value) for name, value in self.payload.items()},
            policy=content_security_policy(self.nonce, inline=self.inline),
            **self.context,
        )
        _Net().feed(html)
        return html

    def _heads(self, links: list[tuple[str, Element]]) -> Iterator[Markup]:
        for name, child in links:
            if self.inline or _our_script(child) is None:
                yield self._head(name, child)

    def _scripts(self, links: list[tuple[str, Element]]) -> Markup:
        """Our scripts of a served page, after all that they are built on."""
        ours = tuple(stem for _, child in links if (stem := _our_script(child)))
        if self.inline or not ours:
            return Markup("")
        return Markup(f'<script nonce="{self.nonce}" src="{escape(assets.Scripts(ours).url)}"></script>')

    def _head(self, name: str, child: Element) -> Markup:
        if isinstance(child, Link):
            return self._link(name, child)
        # folium's own header texts hold bare <script> and <style> elements; no user text goes there
        html = re.sub(r"<(script|style)>", rf'<\1 nonce="{self.nonce}">', child.render())
        return Markup(html)

    def _link(self, name: str, link: Link) -> Markup:
        path = link.url.removeprefix(assets.STATIC_URL)
        asset = assets.own(path) if path != link.url else assets.vendor(name)
        tag = "style" if isinstance(link, CssLink) else "script"
        if self.inline:
            content = re.sub(rf"</(?={tag})", r"<\\/", assets.text(asset), flags=re.IGNORECASE)
            return Markup(f'<{tag} nonce="{self.nonce}">{content}</{tag}>')
        proof = f' integrity="{escape(asset.integrity)}"' if asset.integrity else ""
        if tag == "style":
            return Markup(f'<link rel="stylesheet" href="{escape(asset.url)}"{proof}>')
        return Markup(f'<script nonce="{self.nonce}" src="{escape(asset.url)}"{proof}></script>')


def _is_our_style(child: Element) -> bool:
    return isinstance(child, CssLink) and child.url.startswith(assets.STATIC_URL)


def _our_script(child: Element) -> str | None:
    """The name of a script of ours, None of anything else."""
    if isinstance(child, CssLink) or not isinstance(child, Link):
        return None
    start = f"{assets.STATIC_URL}js/"
    return Path(child.url).stem if child.url.startswith(start) else None


def content_security_policy(nonce: str, *, inline: bool = False) -> str:
    """The policy that goes with a page: response header of a served one, meta element of a single file."""
    if inline:
        own = f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:"
        return f"{own}; base-uri 'none'; form-action 'none'"
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def json_block(value: object) -> Markup:
    """JSON that is safe inside a script element: no text in it can close the element or open a comment."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(content.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


class _Net(HTMLParser):
    """Raises at the first element, attribute or style that would load from another host."""

    def __init__(self) -> None:
        super().__init__()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            loads = name in _LOADING or (name == "href" and tag != "a")
            if loads and value and (_EXTERNAL.search(value) or _EXTERNAL_IN_STYLE.search(value)):
                raise _external(value)

    def handle_data(self, data: str) -> None:
        if self._in_style and (found := _EXTERNAL_IN_STYLE.search(data)):
            raise _external(data[found.start() : found.start() + 80])

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's signature
        self._in_style = False


def _external(address: str) -> GridError:
    return GridError(
        "external_address",
        "The page would load from another host, which it must never do; serve the file from here instead.",
        field="address",
        value=address,
    )
