"""The scripts: they parse, they name no index host, and every package is pinned by its hash."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(
    path
    for path in [*(PROJECT / "scripts").iterdir(), PROJECT / ".ci/run"]
    if path.is_file() and path.suffix in ("", ".sh")
)
LOCKS = ["run", "test", "bench"]
INDEX_HOSTS = re.compile(r"pypi|pythonhosted|npmjs|npmmirror|jsdelivr|unpkg|cdnjs|https?://|--index-url|--find-links")


def pins(kind):
    text = (PROJECT / f"requirements/{kind}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses(script):
    subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("script", [path for path in SCRIPTS if path.suffix == ""], ids=lambda path: path.name)
def test_a_script_may_be_executed(script):
    assert script.stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("path", [*SCRIPTS, *sorted((PROJECT / "requirements").iterdir())], ids=lambda path: path.name)
def test_no_index_host_is_named(path):
    assert INDEX_HOSTS.findall(path.read_text()) == []


@pytest.mark.parametrize("kind", LOCKS)
def test_every_package_of_a_lock_is_pinned_with_hashes(kind):
    text = (PROJECT / f"requirements/{kind}.lock").read_text()
    entries = [entry for entry in re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE) if entry[:1].isalnum()]
    assert len(entries) > 30
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_each_lock_holds_all_of_the_one_before_it():
    assert pins("run").items() <= pins("test").items() <= pins("bench").items()


def test_every_browser_package_is_pinned_with_a_sha512():
    lock = json.loads((PROJECT / "requirements/assets.lock.json").read_text())
    assert all(re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", entry["integrity"]) for entry in lock)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", entry["version"]) for entry in lock)


def test_the_browser_files_are_those_the_lock_and_the_table_name():
    done = subprocess.run(
        [sys.executable, PROJECT / "scripts/assets.py"], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout == "", "the set-up lays the files out; here they are only looked at"
    vendor = PROJECT / "maps/static/vendor"
    manifest = json.loads((vendor / "manifest.json").read_text())
    assert set(manifest) == {"leaflet", "leaflet_css"}
    for entry in manifest.values():
        assert (vendor.parent / entry["path"]).stat().st_size == entry["bytes"] > 0


def test_an_unknown_benchmark_is_refused_with_the_known_ones():
    done = subprocess.run(["bash", PROJECT / "scripts/bench", "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'no benchmark "nothing"' in done.stderr
