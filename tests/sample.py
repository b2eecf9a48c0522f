"""The generated sample town, loaded by the command that a person would use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cluster import Database

GRIDKEEPER = Path(sys.executable).with_name("gridkeeper")


def load_sample(database: Database) -> None:
    """Put the sample town into a migrated, empty database."""
    done = subprocess.run([GRIDKEEPER, "demo"], env=database.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
