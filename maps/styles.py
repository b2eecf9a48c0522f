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


def css_variables() -> str:
    """The palette as CSS custom properties `--ink`, `--state-queued`, `--clock-overdue`, `--class-1`, `--time-1`, …"""
    pairs = dict(INK)
    pairs |= {f"state-{name}": colour for name, colour in STATES.items()}
    pairs |= {f"clock-{name}": colour for name, colour in CLOCKS.items()}
    pairs |= {f"class-{number}": colour for number, colour in enumerate(SEQUENTIAL, start=1)}
    pairs |= {f"time-{number}": colour for number, colour in enumerate(TIMES, start=1)}
    pairs |= {f"point-{name}": colour for name, colour in POINTS.items()}
    pairs["class-0"] = NONE
    return ":root{" + "".join(f"--{name}:{colour};" for name, colour in pairs.items()) + "}"


def palette() -> dict[str, Any]:
    """The palette for scripts that draw: `states`, `clocks`, `points`, `ink` by name, `sequential` from low to high,
    `times` from early to late, `none`."""
    return {
        "states": STATES,
        "clocks": CLOCKS,
        "points": POINTS,
        "sequential": list(SEQUENTIAL),
        "times": list(TIMES),
        "none": NONE,
        "ink": INK,
    }
