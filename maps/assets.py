"""The files a page loads: our own below `static/`, and third-party ones found by name in a manifest.

The third-party files are fetched at set-up into a folder that is not committed. Their manifest is keyed by
the names that folium gives its links ("leaflet", "jquery", "bootstrap_css", …), so that a new folium with
other addresses still finds the same local files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gis.errors import GridError

STATIC = Path(__file__).parent / "static"
STATIC_URL = "/static/"
MANIFEST = STATIC / "vendor" / "manifest.json"
_CSS_URL = re.compile(r"url\(\s*(['\"]?)([^'\")]+)\1\s*\)")


@dataclass(frozen=True)
class Asset:
    """One local file: its path relative to `maps/static` and, for third-party files, its integrity hash."""

    path: str
    integrity: str | None = None

    @property
    def file(self) -> Path:
        """Where the file lies on disk."""
        return STATIC / self.path

    @property
    def url(self) -> str:
        """Its address under our own host; it changes with the content, so that it may be cached for long."""
        return f"{STATIC_URL}{self.path}?v={hashlib.sha256(self.file.read_bytes()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Scripts:
    """Several of our own scripts that travel as one file: thirty requests take a browser longer than what they bring.

    Attributes:
        names: Names of files in `maps/static/js` without their ending, in the order in which they run.
    """

    names: tuple[str, ...]

    @cached_property
    def content(self) -> str:
        """All of them, one after the other.

        Raises:
            GridError: `unknown_asset` for a name that none of them has.
        """
        return "\n".join(text(own(f"js/{name}.js")) for name in self.names)

    @property
    def version(self) -> str:
        """Changes with the content."""
        return hashlib.sha256(self.content.encode()).hexdigest()[:12]

    @property
    def url(self) -> str:
        """Their address under our own host; it names them all, so that any process of the service can give them."""
        return f"{STATIC_URL}scripts.js?names={','.join(self.names)}&v={self.version}"


def own(path: str) -> Asset:
    """One of our own files.

    Args:
        path: Relative to `maps/static`, such as "js/core.js".

    Raises:
        GridError: `unknown_asset` when there is no such file.
    """
    asset = Asset(path)
    if ".." in Path(path).parts or not asset.file.is_file():
        raise GridError("unknown_asset", f"There is no file {path!r} below maps/static.", field="path", value=path)
    return asset


def vendor(name: str) -> Asset:
    """A third-party file by folium's name for it.

    Raises:
        GridError: `assets_missing` when the set-up was not run, `unknown_asset` for a name not in the manifest.
    """
    entry = _manifest().get(name)
    if entry is None:
        raise GridError(
            "unknown_asset",
            f"The page asks for the asset {name!r}, which is not among the local ones; a page never loads "
            "from another host. Add it to scripts/assets.py or leave the plugin out.",
            field="name",
            value=name,
        )
    return Asset(str(entry["path"]), str(entry["sri"]))


def text(asset: Asset) -> str:
    """The content for embedding in a page: a stylesheet's images become data URIs."""
    content = asset.file.read_text(encoding="utf-8")
    if asset.file.suffix == ".css":
        return _CSS_URL.sub(lambda match: f"url({_data_uri(asset.file.parent, match[2])})", content)
    return content


def _manifest() -> dict[str, Any]:
    if not MANIFEST.is_file():
        raise GridError(
            "assets_missing",
            "The browser files are not installed. Run scripts/serve once, or scripts/assets.py alone.",
            field="manifest",
            value=MANIFEST,
        )
    manifest: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return manifest


def _data_uri(folder: Path, reference: str) -> str:
    if reference.startswith(("data:", "#")):
        return reference
    target = folder / re.split(r"[?#]", reference)[0]
    if not target.is_file():
        raise GridError("unknown_asset", f"A stylesheet refers to {reference!r}, which is not a local file.")
    kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(target.read_bytes()).decode()}"
