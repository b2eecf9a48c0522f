"""The palette: ramps keep their order without colour, classes are told apart by every eye, texts can be read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from maps.styles import (
    CLOCKS,
    DENSITY,
    DIVERGING,
    EMERGING,
    INK,
    MINUTES,
    NONE,
    SEQUENTIAL,
    TIMES,
    css_variables,
    palette,
)

Floats = NDArray[np.float64]
# Linear sRGB as people without red or without green cones see it (Machado, Oliveira and Fernandes, 2009).
EYES: dict[str, Floats] = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)


def linear(colours: Sequence[str]) -> Floats:
    """Linear red, green and blue (n, 3) of colours such as '#c4001a'."""
    values = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in colours]) / 255
    return np.asarray(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4), dtype=np.float64)


def lab(colours: Sequence[str], eye: str = "usual") -> Floats:
    """CIELAB (n, 3) of colours as an eye sees them."""
    ratio = np.clip(linear(colours) @ EYES[eye].T, 0, 1) @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG counts it."""
    dark, light = sorted(float(linear([colour])[0] @ _TO_XYZ[1]) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("name", "ramp"),
    [
        ("classes", SEQUENTIAL[::-1]),
        ("times", TIMES[::-1]),
        ("density", DENSITY[::-1]),
        ("minutes", MINUTES),
        ("cold", DIVERGING[:4]),
        ("hot", DIVERGING[:2:-1]),
    ],
)
def test_a_ramp_goes_from_dark_to_light_in_steps_that_can_be_seen(name: str, ramp: Sequence[str]) -> None:
    for eye in EYES:
        steps = np.diff(lab(ramp, eye)[:, 0])
        assert steps.min() > 6, f"{name} seen with {eye}: {steps.round(1)}"
    if name in ("density", "minutes"):
        steps = np.diff(lab(ramp)[:, 0])
        assert steps.max() - steps.min() < 1, "steps are even"


@pytest.mark.parametrize("eye", list(EYES))
def test_what_is_told_apart_by_colour_is_so_for_every_eye(eye: str) -> None:
    sets = {"diverging": (DIVERGING, 20.0), "emerging": ([*EMERGING.values(), NONE], 20.0), "minutes": (MINUTES, 13.0)}
    for name, (colours, least) in sets.items():
        seen = lab(list(colours), eye)
        closest = min(
            float(np.linalg.norm(seen[one] - seen[other])) for one, other in combinations(range(len(seen)), 2)
        )
        assert closest >= least, f"{name} seen with {eye}"
    # Cold and hot stand apart in hue, not in lightness alone.
    seen = lab(DIVERGING, eye)
    assert min(float(np.linalg.norm(seen[rank, 1:] - seen[-1 - rank, 1:])) for rank in range(3)) > 30


def test_texts_can_be_read_on_their_grounds() -> None:
    for text in ("ink", "ink-soft", "accent", "warn", "brand", "problem"):
        assert contrast(INK[text], INK["paper"]) >= 4.5, text
    for text, ground in (("ink", "brand-soft"), ("ink-soft", "ground"), ("warn", "warn-soft")):
        assert contrast(INK[text], INK[ground]) >= 4.5, (text, ground)
    assert contrast(CLOCKS["overdue"], INK["paper"]) >= 4.5


def test_style_sheets_and_scripts_have_the_same_colours() -> None:
    variables = css_variables()
    for name, key in (
        ("density", "density"),
        ("minutes", "minutes"),
        ("diverging", "diverging"),
        ("class", "sequential"),
    ):
        for rank, colour in enumerate(palette()[key], start=1):
            assert f"--{name}-{rank}:{colour};" in variables
    assert all(f"--emerging-{name}:{colour};" in variables for name, colour in EMERGING.items())
