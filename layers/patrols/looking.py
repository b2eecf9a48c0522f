"""What must be known before fixes are written: which of them are known, on which shift each is, what judges them."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from data.fixed_rows import EPOCH_US, copy_out
from data.sql import statement
from layers.grids.guard import BoundariesChanged
from layers.patrols.fixes import DAY_US, Batch, Bools, Ints
from layers.patrols.instants import instant_of

_COLUMNS = {
    "kind": "bigint",
    "device_id": "bigint",
    "since": "instant",
    "until": "instant",
    "id": "bigint",
    "staff_id": "bigint",
}
_KNOWN, _SHIFT, _HELD = 0, 1, 2


@dataclass(frozen=True)
class Seen:
    """What is known of the rows of a batch, all of shape (n,).

    Attributes:
        known: Whether it is stored, kept aside or counted off shift already.
        shift_id: The shift that its instant lies in, -1 for none.
        staff_id: Who carried the device then, -1 for nobody.
    """

    known: Bools
    shift_id: Ints
    staff_id: Ints


def look(session: Session, batch: Batch, carriers: Ints, *, judged_by: Mapping[int, int]) -> Seen:
    """Ask once for all that decides on a batch; boundaries stay what they are until the transaction ends.

    Args:
        session: An open session.
        batch: In the order of its keys.
        carriers: Who carries the device of each row where no shift says so, -1 for nobody, shape (n,).
        judged_by: Scheme id to the newest version known, of all schemes that are to judge.

    Raises:
        BoundariesChanged: A version is not the newest any more; roll back.
    """
    at, device = batch.at, batch.device
    # One stretch for each device and day: a late fix and one of now do not make one of weeks.
    first = np.flatnonzero(np.r_[True, (device[1:] != device[:-1]) | (at[1:] // DAY_US != at[:-1] // DAY_US)])
    last = np.r_[first[1:], len(batch)] - 1
    asked = {
        "devices": _array(device[first]),
        "since": _array(_instants(at[first])),
        "until": _array(_instants(at[last])),
        "first": instant_of(int(at.min())),
        "last": instant_of(int(at.max())),
        "judged_by": json.dumps(judged_by),
    }
    pieces: list[Mapping[str, Any]] = []
    copy_out(session, statement("look_before_fixes"), asked, _COLUMNS, pieces.append)
    seen = {name: np.concatenate([np.empty(0, np.int64), *(piece[name] for piece in pieces)]) for name in _COLUMNS}
    if ((seen["kind"] == _HELD) & (seen["id"] == 0)).any():
        raise BoundariesChanged
    known = seen["kind"] == _KNOWN
    is_known = np.zeros(len(batch), dtype=np.bool_)
    if known.any():
        is_known = np.isin(_keys(device, at - EPOCH_US), _keys(seen["device_id"][known], seen["since"][known]))
    shift_id, staff_id = np.full(len(batch), -1), carriers.copy()
    rows = np.flatnonzero(seen["kind"] == _SHIFT)
    for begin, end, row in zip(*_spans(batch, seen, rows), rows.tolist(), strict=True):
        shift_id[begin:end], staff_id[begin:end] = seen["id"][row], seen["staff_id"][row]
    return Seen(is_known, shift_id, staff_id)


def _instants(at: Ints) -> Any:
    return np.datetime_as_string(at.astype("M8[us]"), timezone="UTC")


def _array(values: Any) -> str:
    """An array as one word for the database, which is read in a tenth of the time that a word for each value takes."""
    return "{" + ",".join(map(str, values.tolist())) + "}"


def _spans(batch: Batch, seen: Mapping[str, Ints], rows: Ints) -> tuple[Sequence[int], Sequence[int]]:
    """From which row of a batch to which each shift reaches."""
    left = np.searchsorted(batch.device, seen["device_id"][rows]).tolist()
    right = np.searchsorted(batch.device, seen["device_id"][rows], side="right").tolist()
    at = (batch.at - EPOCH_US).tolist()
    since, until = seen["since"][rows].tolist(), seen["until"][rows].tolist()
    begin = [bisect_left(at, one, a, b) for a, b, one in zip(left, right, since, strict=True)]
    end = [bisect_left(at, one, a, b) for a, b, one in zip(left, right, until, strict=True)]
    return begin, end


def _keys(device_id: Ints, at: Ints) -> Any:
    """Device and instant as one value that can be compared."""
    both = np.ascontiguousarray(np.column_stack([device_id, at]).astype(">i8"))
    return both.view("S16").ravel()
