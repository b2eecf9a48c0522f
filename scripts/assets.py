"""Fetch the browser's third-party files by npm, check them against the lock and lay them out by asset name.

A page needs a file of another package: add the package to requirements/assets.lock.json and a line to ASSETS.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements/assets.lock.json"
CACHE = PROJECT / "var/npm-cache"
STATIC = PROJECT / "maps/static"
VENDOR = STATIC / "vendor"
Package = dict[str, bytes]
# Browsers with their tools open would ask for the maps, which are not served.
SOURCE_MAP = re.compile(r"//[#@] sourceMappingURL=.*|/\*[#@] sourceMappingURL=.*?\*/")


@dataclass(frozen=True)
class Asset:
    """One file of a package; what a stylesheet refers to comes along by itself, `also` is for the rest."""

    package: str
    file: str
    also: str = ""


# Keys are the names folium gives its links.
ASSETS = {
    "leaflet": Asset("leaflet@1.9.4", "dist/leaflet.js"),
    "leaflet_css": Asset("leaflet@1.9.4", "dist/leaflet.css", also="dist/images/*.png"),
}


def main() -> None:
    """Lay out the files unless the same lock and the same table already did."""
    stamp = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    stamp_file = VENDOR / "stamp"
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    packages = fetch(json.loads(LOCK.read_text()))
    draft = PROJECT / "var/vendor.new"
    shutil.rmtree(draft, ignore_errors=True)
    manifest = {name: lay_out(asset, packages[asset.package], draft) for name, asset in ASSETS.items()}
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    (draft / "stamp").write_text(stamp)
    shutil.rmtree(VENDOR, ignore_errors=True)
    shutil.move(draft, VENDOR)
    print(f"{len(manifest)} browser files are in {VENDOR}")


def fetch(lock: list[dict[str, str]]) -> dict[str, Package]:
    """The locked packages' files by package; downloads only what the cache lacks."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = [entry for entry in lock if not is_good(entry)]
    if wanted:
        names = [f"{entry['name']}@{entry['version']}" for entry in wanted]
        command = ["npm", "pack", "--silent", "--ignore-scripts", f"--cache={CACHE / 'store'}", *names]
        if subprocess.run(command, cwd=CACHE, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            sys.exit("npm could not fetch the browser files; is the network there? Run the same command again.")
    for entry in lock:
        if not is_good(entry):
            tarball(entry).unlink(missing_ok=True)
            sys.exit(f"{entry['name']} {entry['version']} is not the file that {LOCK} names: do not use it.")
    return {f"{entry['name']}@{entry['version']}": unpack(tarball(entry)) for entry in lock}


def tarball(entry: dict[str, str]) -> Path:
    """Where npm pack puts a package."""
    return CACHE / f"{entry['name'].removeprefix('@').replace('/', '-')}-{entry['version']}.tgz"


def is_good(entry: dict[str, str]) -> bool:
    """Whether the package is in the cache and is the one that the lock names."""
    path = tarball(entry)
    return path.exists() and integrity(path.read_bytes(), "sha512") == entry["integrity"]


def integrity(content: bytes, algorithm: str) -> str:
    """The hash as browsers and npm write it."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def unpack(path: Path) -> Package:
    """The files of a package in memory, without the folder that npm puts around them."""
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
        files = [(member.name.partition("/")[2], archive.extractfile(member)) for member in archive]
        return {name: file.read() for name, file in files if file is not None}


def lay_out(asset: Asset, package: Package, draft: Path) -> dict[str, object]:
    """Write one asset and what it needs; the manifest's entry for it."""
    folder = asset.package.removeprefix("@").replace("/", "-").replace("@", "-")
    content = SOURCE_MAP.sub("", package[asset.file].decode())
    companions = [name for name in package if fnmatch(name, asset.also) or PurePosixPath(name).match("LICEN[CS]E*")]
    for name in {*companions, *referred_to(asset.file, content)}:
        if name not in package:
            sys.exit(f"{asset.package}: {asset.file} refers to {name}, which the package does not hold.")
        write(draft, f"{folder}/{name}", package[name], licence="")
    licence = str(json.loads(package["package.json"]).get("license", "see its LICENSE file"))
    return write(draft, f"{folder}/{asset.file}", content.encode(), licence=licence)


def referred_to(file: str, content: str) -> set[str]:
    """The package's files that a stylesheet names in url(…); another host's address is an error."""
    if not file.endswith(".css"):
        return set()
    found = set()
    for target in re.findall(r"url\(\s*['\"]?([^'\")]+)", content):
        if target.startswith(("data:", "#")):
            continue
        if re.match(r"\w+:|//", target):
            sys.exit(f"{file} would load {target} from another host.")
        found.add(tidy(PurePosixPath(file).parent / re.split("[?#]", target)[0]))
    return found


def tidy(path: PurePosixPath) -> str:
    """The path without its '..'."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def write(draft: Path, name: str, content: bytes, *, licence: str) -> dict[str, object]:
    """Write a file; its entry in the manifest, its path relative to maps/static."""
    path = draft / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return {
        "path": f"vendor/{name}",
        "sri": integrity(content, "sha384"),
        "bytes": len(content),
        "licence": licence,
    }


if __name__ == "__main__":
    main()
