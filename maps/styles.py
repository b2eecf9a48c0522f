"""One palette for every page: tellable apart by colour-blind readers, and on paper."""

from __future__ import annotations

from typing import Any

# The states of the loop, after Okabe and Ito and in families: the queue is the one that must be seen first, work is
# blue, what stands still is brown, what is done fades to grey.
STATES: dict[str, str] = {
    "queued": "#c8320f",
    "reported": "#e69f00",
    "on_site": "#f0c45a",
    "returned": "#e0607e",
    "dispatched": "#a8478a",
    "handling": "#0063a6",
    "extension_asked": "#6f6fd8",
    "suspended": "#6d4c2f",
    "deferred": "#a07c4d",
    "waiting": "#c9b18c",
    "fed_back": "#00a39b",
    "verified": "#00795a",
    "assessed": "#3ba3dc",
    "archived": "#6b7480",
    "rejected": "#3f464e",
    "merged": "#a7b0b9",
}

# How pressing a case is; each has a form of its own too, and what is pressing is darker than what is not.
CLOCKS: dict[str, str] = {
    "overdue": "#b3001b",
    "hour": "#d95f02",
    "today": "#8a5fb5",
    "later": "#2b83ba",
    "paused": "#5b6b7a",
    "none": "#7d8a97",
}

# Lightness falls evenly, so that the classes keep their order without colour.
SEQUENTIAL: tuple[str, ...] = ("#e6eff7", "#c5daec", "#9dc0df", "#74a4cf", "#4a85bb")
NONE = "#f7f9fb"

# From early to late: even steps from light to dark, in hues that neither the classes nor what is unvisited have.
TIMES: tuple[str, ...] = ("#8fd14f", "#2fb47c", "#23888e", "#3b528b", "#440154")

# From cold to hot around what is neither: blue and red stay apart without red or green. On grey paper both ends are
# equally dark, so that cold carries a hatch, too (COLD_PATTERN).
DIVERGING: tuple[str, ...] = ("#0b4f94", "#4c8fc7", "#a6cde8", "#f1f3f4", "#f7c48f", "#e27a35", "#a03305")
COLD_PATTERN = "hatch"

# How dense cases lie: even steps down in lightness, of hues that no class of grids has.
DENSITY: tuple[str, ...] = (
    *("#ffebc9", "#fdc88e", "#f4a468", "#e77e59", "#d35b58"),
    *("#b73864", "#8f2366", "#631663", "#390e4f"),
)

# Minutes on foot, from near to far: even steps up in lightness.
MINUTES: tuple[str, ...] = ("#013b44", "#0e5e66", "#38847f", "#66aa93", "#a1cea4", "#e2f0d1")

# How a hot spot came about over the weeks; a cold spot of the same class carries COLD_PATTERN, too.
EMERGING: dict[str, str] = {
    "new": "#d42b33",
    "consecutive": "#ee8d38",
    "intensifying": "#7a0b2e",
    "persistent": "#4b35b0",
    "diminishing": "#86b8e6",
    "sporadic": "#f7e37c",
    "oscillating": "#0f6f6a",
    "historical": "#a39d96",
}

# How it stands with a required point or a planned patrol.
POINTS: dict[str, str] = {
    "done": "#00795a",
    "late": "#c26a00",
    "partial": "#d9a400",
    "missed": "#b3001b",
    "unknown": "#8796a5",
    "not_yet": "#ffffff",
}

INK: dict[str, str] = {
    "ink": "#18222e",
    "ink-soft": "#4a5866",
    "line": "#d5dde5",
    "paper": "#ffffff",
    "ground": "#eef2f6",
    "brand": "#123a5e",
    "brand-soft": "#e4edf5",
    "accent": "#0063a6",
    "warn": "#8a3b00",
    "warn-soft": "#fff1de",
    "grid-line": "#7d92a6",
    "grid-chosen": "#111820",
    "area-line": "#8b2d6b",
    "street": "#9aa5b0",
    "water": "#b9d6e8",
    "building": "#cbbfae",
    "building-line": "#93856f",
    "changed": "#fbe3b4",
    "new": "#cfe9d6",
    "plan-line": "#56697c",
    "draft-line": "#b35900",
    "problem": "#c4001a",
    "unvisited": "#c4001a",
    "unvisited-long": "#e8837a",
    "withheld": "#e7e2da",
    "gap": "#4a5866",
}


# What custom properties are numbered after.
_RAMPS = {"class": SEQUENTIAL, "time": TIMES, "diverging": DIVERGING, "density": DENSITY, "minutes": MINUTES}


def css_variables() -> str:
    """The palette as CSS custom properties `--ink`, `--state-queued`, `--emerging-new`, `--class-1`, `--time-1`, …"""
    pairs = dict(INK)
    pairs |= {f"state-{name}": colour for name, colour in STATES.items()}
    pairs |= {f"clock-{name}": colour for name, colour in CLOCKS.items()}
    pairs |= {f"point-{name}": colour for name, colour in POINTS.items()}
    pairs |= {f"emerging-{name}": colour for name, colour in EMERGING.items()}
    for name, ramp in _RAMPS.items():
        pairs |= {f"{name}-{number}": colour for number, colour in enumerate(ramp, start=1)}
    pairs["class-0"] = NONE
    return ":root{" + "".join(f"--{name}:{colour};" for name, colour in pairs.items()) + "}"


def palette() -> dict[str, Any]:
    """The palette for scripts that draw: `states`, `clocks`, `points`, `emerging`, `ink` by name, `sequential` and
    `density` from low to high, `times` from early to late, `minutes` from near to far, `diverging` from cold to hot
    with the `cold_pattern` that cold carries, `none`."""
    return {
        "states": STATES,
        "clocks": CLOCKS,
        "points": POINTS,
        "sequential": list(SEQUENTIAL),
        "times": list(TIMES),
        "diverging": list(DIVERGING),
        "cold_pattern": COLD_PATTERN,
        "density": list(DENSITY),
        "minutes": list(MINUTES),
        "emerging": EMERGING,
        "none": NONE,
        "ink": INK,
    }
