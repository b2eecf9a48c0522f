"""What a piece of work costs in memory, measured in a process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

_SELF = Path("/proc/self")


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function of a module, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def resident_mb() -> float:
    """Memory this process holds now."""
    return _status("VmRSS")


def peak_mb() -> float:
    """The most it ever held, or since `forget_peak`; unlike ru_maxrss not the parent's."""
    return _status("VmHWM")


def forget_peak() -> None:
    """Let the peak begin anew."""
    (_SELF / "clear_refs").write_text("5")


def _status(name: str) -> float:
    lines = (_SELF / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
