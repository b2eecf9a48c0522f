"""Long work shows a bar to a person at a terminal, and to nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from pathlib import Path

import pytest
from shapely import LineString

from tests.cluster import Database
from tests.imports import grid_frame, write_csv
from tests.journeys.commands import COMMAND
from tests.town import at, squares


def at_a_terminal(database: Database, *words: object) -> tuple[str, str]:
    """What a command wrote to stdout, a pipe, and to stderr, a terminal."""
    ours, theirs = pty.openpty()
    seen: list[bytes] = []

    def look() -> None:
        while True:
            try:
                seen.append(os.read(ours, 65536))
            except OSError:  # the last one at the other end hung up
                return

    watching = threading.Thread(target=look)
    watching.start()
    env = {**database.env, "TERM": "xterm", "COLUMNS": "120"}
    done = subprocess.run([COMMAND, *map(str, words)], env=env, stdout=subprocess.PIPE, stderr=theirs, check=False)
    os.close(theirs)
    watching.join()
    os.close(ours)
    told = b"".join(seen).decode()
    assert done.returncode == 0, told
    return done.stdout.decode(), told


@pytest.fixture
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A small file of the kind that the test's command reads."""
    command = request.node.callspec.params["command"]
    shape = LineString([at(0, 0), at(1, 0)]) if command == "streets" else squares((10, 0, 12, 2))
    if command == "staff":
        return write_csv(tmp_path / "one.csv", [("X1", "一")], header=("staff_no", "name"))
    grid_frame([("Y1", shape)], source_id=["1"]).to_file(tmp_path / "one.gpkg")
    return tmp_path / "one.gpkg"


@pytest.mark.parametrize(
    ("command", "more", "bars"),
    [
        ("grids", ("--scheme", "micro"), ("Reading one.gpkg", "Importing one.gpkg", "4/4", "Placing the cases")),
        pytest.param(
            "areas",
            ("--tree", "t", "--level", "county"),
            ("Reading one.gpkg", "Importing one.gpkg", "4/4"),
            marks=pytest.mark.long,
        ),
        ("staff", ("--tree", "town"), ("Importing one.csv", "1/?")),
        pytest.param(
            "buildings", ("--tree", "town"), ("Reading one.gpkg", "Importing one.gpkg", "1/1"), marks=pytest.mark.long
        ),
        pytest.param(
            "streets", ("--tree", "town"), ("Reading one.gpkg", "Importing one.gpkg", "1/1"), marks=pytest.mark.long
        ),
        ("atoms", ("--tree", "town"), ("Reading one.gpkg", "Importing one.gpkg", "1/1")),
    ],
)
def test_an_import_shows_a_bar_on_stderr(town: Database, file: Path, command: str, more, bars):
    out, told = at_a_terminal(town, "import", command, file, *more)
    assert [bar for bar in bars if bar not in told] == []
    assert "1 rows read = 1 new" in out
    assert "Importing" not in out


def test_check_shows_a_bar_on_stderr_unless_a_machine_reads(town: Database):
    out, told = at_a_terminal(town, "check")
    assert "Checking" in told
    assert out == "0 placements checked, 0 cases replayed, 0 with differences.\n"
    assert at_a_terminal(town, "check", "--json")[1] == ""


def test_nothing_is_shown_where_there_is_no_terminal(town: Database, tmp_path: Path):
    grid_frame([("Y1", squares((10, 0, 12, 2)))]).to_file(tmp_path / "one.gpkg")
    words = ["import", "grids", str(tmp_path / "one.gpkg"), "--scheme", "micro"]
    done = subprocess.run([COMMAND, *words], env=town.env, capture_output=True, check=True)
    assert done.stderr == b""
