"""What no file may say, no file may be called, and how long a function may be."""

import ast
import os
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ["gis", "data", "layers", "maps", "api"]
NOT_OURS = {".git", ".venv", ".hypothesis", "var", "vendor", "dist", "__pycache__", "requirements"}
TEXTS = {".py", ".c", ".h", ".sql", ".js", ".css", ".html", ".json", ".md", ".toml", ".sh", ".mako", ".example", ""}
NOT_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "services", "common", "misc"}
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_FILE = 350
# A socket's folder when the home's path is too long for one.
SOCKET_FOLDER = "/tmp/gridkeeper-"


def files(*, below=(".",), suffixes=TEXTS):
    """Our own files. Folders that are not ours are never entered: a running database makes and drops files there."""
    found = []
    for folder in below:
        for place, inner, names in os.walk(PROJECT / folder):
            inner[:] = sorted(one for one in inner if one not in NOT_OURS and not one.endswith("_cache"))
            found += [Path(place, name) for name in sorted(names) if Path(name).suffix in suffixes]
    return found


def told(pattern, paths, *, besides=()):
    """Where a pattern stands: file, line number, line."""
    return [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(pattern, line) and not any(word in line for word in besides)
    ]


def test_no_file_names_a_place_on_one_machine():
    ours = [path for path in files() if path != Path(__file__)]
    assert told(r"(?<![\w.])/(work|tmp|root|home|mnt|Users)/", ours, besides=[SOCKET_FOLDER]) == []


def test_no_file_names_a_package_index_or_a_host_that_serves_files_of_others():
    # The tests of the scripts and of this page hold the forbidden names.
    ours = [path for path in files() if path.parent != Path(__file__).parent]
    assert told(r"pypi\.org|pythonhosted|npmjs|npmmirror|jsdelivr|unpkg|cdnjs|googleapis", ours) == []


def test_nothing_is_left_for_later():
    ours = [path for path in files() if path != Path(__file__)]
    assert told(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError\(", ours) == []


def test_no_test_is_skipped_or_expected_to_fail():
    ours = [path for path in files(below=["tests"]) if path != Path(__file__)]
    assert told(r"pytest\.skip\(|mark\.skip|skipif|xfail|importorskip", ours) == []


def test_no_file_or_folder_has_a_name_that_says_nothing():
    names = [path.relative_to(PROJECT) for path in files()]
    assert [str(name) for name in names if NOT_NAMES & {Path(part).stem.lower() for part in name.parts}] == []


def test_no_test_folder_shadows_a_room():
    assert [name for name in ROOMS if (PROJECT / "tests" / name).exists()] == []


def functions(*rooms):
    for path in files(below=rooms, suffixes={".py"}):
        if "migrations" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield path, node


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{path.relative_to(PROJECT)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path, node in functions(*ROOMS)
        if node.end_lineno - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_every_public_function_of_gis_shows_how_it_is_used():
    silent = [
        f"{path.relative_to(PROJECT)}: {node.name}"
        for path, node in functions("gis")
        if node.col_offset == 0 and not node.name.startswith("_") and ">>>" not in (ast.get_docstring(node) or "")
    ]
    assert silent == []


@pytest.mark.parametrize("suffix", [".py", ".c", ".sql", ".js", ".css"])
def test_no_file_of_a_room_is_too_long(suffix):
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files(below=ROOMS, suffixes={suffix})}
    long = {str(path.relative_to(PROJECT)): count for path, count in lines.items() if count > MOST_LINES_OF_A_FILE}
    assert {name: count for name, count in long.items() if "migrations" not in name} == {}
