"""The compiled part of `gis`: geometry in C, small enough to read (the `.c` files beside this one).

`hatch_build.py` compiles it when the project is installed, so no request ever waits for a compiler. Arrays cross the
border as they are, without a copy; the functions run without Python's lock.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGE = np.dtype([(name, np.int32) for name in ("x0", "y0", "x1", "y1", "left", "right")])
BORDER = np.dtype([(name, np.int32) for name in ("start", "count", "room", "at_centre")])
CLAIM = np.dtype([(name, np.int32) for name in ("x0", "y0", "x1", "y1", "id")])
POINT = np.dtype([("key", np.int64), ("x", np.int32), ("y", np.int32)])
RUN = np.dtype([("first", np.int64), ("count", np.int32), ("cell", np.int32)])
SPAN = np.dtype([(name, np.int32) for name in ("x0", "x1", "reach", "cell")])
REACHED = np.dtype([("group", np.int32), ("place", np.int32), ("amount", np.float64)])
PLACE = np.dtype([("x", np.float64), ("y", np.float64), ("at", np.int64)])
UNITS = 1024.0
BAND = 256
LIBRARY = Path(__file__).with_name("kernel.so")


class RasterStruct(ctypes.Structure):
    """`Raster` of kernel.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("origin_x", "origin_y", "edges_used", "edges_room", "borders_room")),
        *((name, ctypes.c_int32) for name in ("shift", "columns", "rows", "borders")),
        *((name, ctypes.c_void_p) for name in ("table", "border", "edges")),
    )


class StoreStruct(ctypes.Structure):
    """`Store` of kernel.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("points", "start", "count", "room")),
        *((name, ctypes.c_int64) for name in ("used", "size")),
        ("nobody", ctypes.c_int32),
    )


class BordersStruct(ctypes.Structure):
    """`Borders` of kernel.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("xy", "run", "cell_start", "box")),
        ("level", ctypes.c_int64 * 12),
        *((name, ctypes.c_int32) for name in ("levels", "runs")),
    )


class SheetStruct(ctypes.Structure):
    """`Sheet` of kernel.h."""

    _fields_ = (
        *((name, ctypes.c_double) for name in ("west", "south", "cosine", "sine", "left", "low", "pitch", "square")),
        *((name, ctypes.c_void_p) for name in ("span", "row_start", "squares")),
        *((name, ctypes.c_int32) for name in ("rows", "width", "cells", "across", "down")),
    )


class NetStruct(ctypes.Structure):
    """`Net` of kernel.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("edge", "owner", "square_start", "listed")),
        *((name, ctypes.c_double) for name in ("west", "south", "square")),
        *((name, ctypes.c_int32) for name in ("across", "down", "edges", "owners")),
    )


class LegsStruct(ctypes.Structure):
    """`Legs` of kernel.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("xy", "group")),
        ("count", ctypes.c_int64),
        ("reach", ctypes.c_double),
    )


class FoundStruct(ctypes.Structure):
    """`Found` of kernel.h."""

    _fields_ = (("row", ctypes.c_void_p), ("count", ctypes.c_int64), ("room", ctypes.c_int64))


class CellsStruct(ctypes.Structure):
    """`Cells` of kernel.h."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("key", "start")),
        *((name, ctypes.c_int64) for name in ("count", "across")),
    )


def address(array: NDArray[Any] | None) -> int | None:
    """Where the first byte of a contiguous array lies.

    >>> address(None) is None, address(np.zeros(1)) != 0
    (True, True)
    """
    return None if array is None else array.ctypes.data


def _load() -> ctypes.CDLL:
    if not LIBRARY.exists():
        raise RuntimeError(f"{LIBRARY} is missing: install the project again (scripts/setup), it compiles it.")
    return ctypes.CDLL(str(LIBRARY))


kernel = _load()
for _name, _result, _arguments in (
    ("claims_of_rings", "i", "pppppiiipp"),
    ("edges_of_claims", "i", "pipwp"),
    ("differing_claims", "i", "pppppiiiipp"),
    ("count_edges", "", "ppip"),
    ("fill_table", "i", "ppip"),
    ("fill_lists", "", "ppi"),
    ("room_for", "", "ppipp"),
    ("change_claims", "i", "ppii"),
    ("ids_beside", "i", "ppippi"),
    ("locate", "", "pppippp"),
    ("flipping_points", "i", "pppipippp"),
    ("put_in", "i", "pppii"),
    ("reassign_points", "i", "pppipippppp"),
    ("edge_distance", "", "ppppip"),
    ("closest_cell", "", "ppppidpp"),
    ("bands_of_legs", "", "ppiipp"),
    ("legs_of_bands", "", "piipp"),
    ("cover_bands", "i", "pppppp"),
    ("reach_edges", "i", "ppwp"),
    ("release_found", "", "p"),
    ("bin_points", "", "pppipiip"),
    ("cluster_points", "i", "ppdip"),
    ("close_in_time", "", "pippp"),
):
    _kinds = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "w": ctypes.c_int32, "d": ctypes.c_double, "": None}
    getattr(kernel, _name).argtypes = [_kinds[letter] for letter in _arguments]
    getattr(kernel, _name).restype = _kinds[_result]
