"""Files of fixes come in: every row is stored, kept aside, off shift, known, or told why it is no fix."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data.ahead import ahead
from data.readers.chunk import BadRow
from data.session import unit_of_work
from data.tables import Device as DeviceRow
from gis.declarations import find_datum
from layers.actor import Actor
from layers.batches import Progress, Summary, close_batch, open_batch, quarantine, unheard
from layers.patrols.fixes import Batch, Taken, taken
from layers.patrols.reading import Piece
from layers.patrols.sieve import canonical
from layers.patrols.taking import Device, Taker

_UNKNOWN = "The city has no device of this label in use; import it first, or name one for the whole file."


def import_fixes(
    bind: Engine,
    actor: Actor,
    pieces: Iterable[Piece],
    *,
    tree: str,
    file: Path,
    device: str | None = None,
    datum: str | None = None,
    always: bool = False,
    kept_days: int,
    progress: Progress = unheard,
) -> Summary:
    """Take fixes of a file in; each piece is committed by itself, and the whole may be done again.

    Args:
        bind: Engine of the service role.
        actor: Who imports.
        pieces: As read.
        tree: The city of the devices.
        file: The file, for the record.
        device: Label of the device of rows that name none.
        datum: What the positions are said to be in, where the file does not say it.
        always: Whether to take all as on shift.
        kept_days: For how many days fixes are kept; 0 for ever.
        progress: Told how many rows more are done.

    Returns:
        The sums: what is kept aside or off shift stands in `facts`; `read` is the sum of all.

    Raises:
        BadInput: `unknown_datum`, `legacy_datum`, `unsuitable_crs`.
    """
    # Refused at once: what is kept aside for a slip of the pen would be a repeat when it comes again.
    datum = None if datum is None else find_datum(datum).name
    options: dict[str, Any] = {"device": device, "datum": datum, "always": always}
    with unit_of_work(bind) as session:
        summary = open_batch(session, actor, kind="fixes", dataset=tree, file=file.name, options=options)
        devices = _devices(session, tree)
    aside = Counter[str]()
    summary.facts = {"off_shift": 0, "kept_aside": 0, "aside": aside}
    with closing(Taker(bind, kept_days=kept_days)) as taker, closing(ahead(pieces)) as read:
        for piece in read:
            bad = _take(taker, summary, piece, devices, device=device, datum=datum, always=always)
            with unit_of_work(bind) as session:
                quarantine(session, summary, bad)
            progress(len(piece.fix) + len(piece.bad))
    with unit_of_work(bind) as session:
        close_batch(session, summary)
    return summary


def _take(
    taker: Taker,
    summary: Summary,
    piece: Piece,
    devices: Mapping[str, Device],
    *,
    device: str | None,
    datum: str | None,
    always: bool,
) -> list[BadRow]:
    """Take some rows in and count them; those that are no fixes of a known device."""
    place, labels = pd.factorize(piece.label)
    named = [devices.get(label) for label in [*labels.tolist(), device]]  # place -1, no label, reads the last
    ids = np.array([one.id if one else -1 for one in named], dtype=np.int64)[place]
    of_known = ids >= 0
    unknown = zip(piece.row_no[~of_known].tolist(), piece.label[~of_known].tolist(), strict=True)
    bad = [*piece.bad, *(BadRow(row_no, "device", one, "unknown_device", {}, _UNKNOWN) for row_no, one in unknown)]
    summary.read += len(ids) + len(piece.bad)
    summary.quarantined += len(bad)
    summary.reasons.update(one.reason for one in bad)
    if of_known.any():
        said = np.full(int(of_known.sum()), canonical(datum or piece.datum), dtype=object)
        batch = Batch(ids[of_known], piece.fix[of_known], said, always)
        _count(summary, taken(taker.take(batch, {one.id: one for one in named if one}, now_us=time.time_ns() // 1000)))
    return bad


def _count(summary: Summary, found: Taken) -> None:
    summary.stored += found.stored
    summary.already_there += found.repeats
    summary.facts["off_shift"] += found.off_shift
    summary.facts["kept_aside"] += sum(found.aside.values())
    summary.facts["aside"].update(found.aside)


def _devices(session: Session, tree: str) -> dict[str, Device]:
    columns = (DeviceRow.id, DeviceRow.tree, DeviceRow.label, DeviceRow.datum, DeviceRow.staff_id)
    rows = session.execute(select(*columns).where(DeviceRow.tree == tree, DeviceRow.active)).all()
    return {row.label: Device(row.id, row.tree, row.label, row.datum, row.staff_id) for row in rows}
