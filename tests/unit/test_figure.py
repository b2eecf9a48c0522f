"""Pages that load nothing from anywhere else."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import folium
import pytest
from branca.element import Element, JavascriptLink

from gis.errors import GridError
from maps import assets
from maps.cases import cases_map, cases_page
from maps.figure import PageFigure, content_security_policy, json_block
from maps.leaflet import GridMap
from maps.shell import page_figure
from tests.frames import town_frames


def figure(*, inline: bool = False) -> PageFigure:
    made = page_figure(page="cases", template="page.html", lang="en", nonce="n0nce", inline=inline)
    made.add_child(GridMap(lang="en"))
    return made


class Loads(HTMLParser):
    """Collects every address that an element would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("src",) if tag == "a" else ("src", "href", "data", "poster")
        self.found += [value for name, value in attrs if name in names and value]


def test_an_asset_without_a_local_file_stops_the_page() -> None:
    page = figure()
    page.header.add_child(JavascriptLink("https://example.org/x.js"), name="nobody_has_this")
    with pytest.raises(GridError, match="not among the local ones"):
        page.render()


def test_background_tiles_of_another_host_stop_the_page() -> None:
    page = figure()
    folium.TileLayer("OpenStreetMap").add_to(next(iter(page._children.values())))
    with pytest.raises(GridError, match="another host"):
        page.render()


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://example.org/a.png">',
        '<img src="//example.org/a.png">',
        '<div style="background: url(https://example.org/a.png)"></div>',
        '<style>@import "https://example.org/a.css";</style>',
        '<iframe src="HTTPS://example.org"></iframe>',
    ],
)
def test_an_address_elsewhere_in_the_html_stops_the_page(html: str) -> None:
    page = figure()
    page.html.add_child(Element(html))
    with pytest.raises(GridError, match="another host"):
        page.render()


def test_a_served_page_loads_only_versioned_files_of_ours() -> None:
    loads = Loads(cases_page(lang="zh", nonce="n0nce")).found
    ours = [address for address in loads if not address.startswith(("data:", "/?", "?", "#"))]
    assert len(ours) > 4
    for address in ours:
        assert address == "/" or re.fullmatch(r"/static/[\w./@-]+\?(names=[a-z,-]+&v|v)=[0-9a-f]{12}", address), address


def test_every_script_and_style_carries_the_nonce() -> None:
    html = cases_page(lang="en", nonce="n0nce")
    tags = re.findall(r"<(?:script|style)\b[^>]*>", html)
    assert [tag for tag in tags if 'nonce="n0nce"' not in tag and "application/json" not in tag] == []
    assert not re.search(r"\son\w+=|\sstyle=", html)
    policy = content_security_policy("n0nce")
    assert "'nonce-n0nce'" in policy
    assert "unsafe" not in policy


def test_a_page_needs_leaflet_and_nothing_else_of_folium() -> None:
    html = cases_page(lang="en", nonce="n0nce")
    assert sorted(set(re.findall(r"vendor/([a-z.-]+)-\d", html))) == ["leaflet"]


def test_a_single_file_page_loads_nothing_at_all(tmp_path: Path) -> None:
    cases_map(*town_frames(cases=30)).save(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert [address for address in Loads(html).found if not address.startswith(("data:", "#"))] == []
    assert "url(images" not in html
    assert "default-src 'none'" in unescape(html)


def test_a_notebook_shows_the_same_page() -> None:
    base = cases_map(*town_frames(cases=3))
    assert isinstance(base, folium.Map)
    assert "&lt;!DOCTYPE html&gt;" in base._repr_html_()


def test_data_cannot_end_its_script_element() -> None:
    hostile = "</script><img src=https://example.org/x.png onerror=alert(1)><!--"
    assert "<" not in json_block({"text": hostile})
    html = cases_map(*town_frames(cases=3, hostile=hostile)).get_root().render()
    assert "</script><img" not in html


def test_a_frame_without_a_column_or_a_crs_is_refused_by_name() -> None:
    grids, cases = town_frames(cases=3)
    with pytest.raises(GridError, match="no column 'grid_code'"):
        cases_map(grids, cases.drop(columns="grid_code"))
    with pytest.raises(GridError, match="no CRS"):
        cases_map(grids.set_crs(None, allow_override=True), cases)


def test_the_manifest_and_our_own_files_are_found_by_name() -> None:
    assert str(assets.vendor("leaflet").integrity).startswith("sha")
    with pytest.raises(GridError, match="no file"):
        assets.own("js/../../assets.py")
    with pytest.raises(GridError, match="no file"):
        assets.own("js/nothing.js")
