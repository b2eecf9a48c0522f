"""A judged chunk becomes cases, events, placements and quarantine, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.copying import copy_columns
from data.readers.chunk import BadRow, raw_row
from data.session import unit_of_work
from data.sql import statement
from data.tables import Scheme
from layers.actor import Actor
from layers.batches import Summary, quarantine
from layers.cases.judging import Judged
from layers.cases.loop import closed_states, states
from layers.cases.placing import Placements
from layers.grids.guard import hold_versions


@dataclass(frozen=True)
class Stored:
    """What became of a chunk once it was committed: rows that were there already, and those set aside."""

    judged: Judged
    already_there: int
    bad: list[BadRow]

    def add_to(self, summary: Summary) -> None:
        """Add the chunk to the sums of its import."""
        judged = self.judged
        summary.read += judged.rows
        summary.quarantined += len(self.bad)
        summary.already_there += self.already_there
        summary.stored += judged.rows - len(self.bad) - self.already_there
        summary.reasons.update(row.reason for row in self.bad)
        for name, rows in (
            ("queued", sum(reason is not None for reason in judged.queue_reason)),
            ("outside", int((judged.pick("grid_id") < 0).sum())),
            ("near_border", int(judged.pick("near_border").sum())),
        ):
            summary.facts[name] = summary.facts.get(name, 0) + rows
        for name, rows in (judged.history.counts if judged.history else {}).items():
            summary.facts[name] = summary.facts.get(name, 0) + rows


def store(bind: Engine, actor: Actor, routing: Scheme, judged: Judged, summary: Summary) -> Stored:
    """Store one chunk in a transaction of its own; chunks without a common source id may be stored side by side.

    Args:
        bind: Engine of the service role.
        actor: Who imports.
        routing: The routing scheme.
        judged: The chunk.
        summary: The import it belongs to; not changed here.

    Raises:
        BoundariesChanged: It was judged by boundaries that are not the newest any more; nothing was stored.
    """
    bad = list(judged.bad)
    with unit_of_work(bind) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        # A chunk lost in a crash is imported again by the next run, so its commit need not wait for the disk.
        session.execute(text("SET LOCAL synchronous_commit = off"))
        session.execute(statement("stage_cases"))
        session.execute(statement("stage_placements"))
        copy_columns(session, "stage_cases", _case_columns(judged))
        for index, placements in enumerate(judged.placements):
            columns = placement_columns(placements, row_no=judged.reports.row_no, routing=judged.routing == index)
            copy_columns(session, "stage_placements", columns)
        _stage_history(session, judged)
        known = _set_known_aside(session, judged, routing, summary.dataset, bad)
        session.execute(text("ANALYZE stage_cases (row_no, source_id, owner_grid_id)"))
        session.execute(
            statement("insert_cases"),
            {
                "tree": routing.tree,
                "scheme_id": routing.id,
                "batch_id": summary.batch_id,
                "dataset": summary.dataset,
                "closed": list(closed_states()),
                "paused": [name for name, state in states().items() if state.is_paused],
            },
        )
        if judged.history is not None:
            session.execute(statement("insert_imported_clocks"), {"tree": routing.tree})
        session.execute(
            statement("insert_imported_events"),
            {"at": datetime.now(UTC), "actor": actor.name, "role": actor.role, "batch_id": summary.batch_id},
        )
        session.execute(statement("insert_placements"))
        quarantine(session, summary, bad)
        hold_versions(session, judged.judged_by, whole_city=True)
    return Stored(judged, known, bad)


def _case_columns(judged: Judged) -> dict[str, Any]:
    reports, columns = judged.reports, judged.columns
    frame = reports.frame
    row_no = reports.row_no
    ids = frame[columns["id"]].astype("str") if "id" in columns else pa.array(row_no).cast(pa.string())
    sources = reports.column(columns, "source").fillna(judged.source)
    owner = judged.pick("grid_id")
    return {
        "row_no": row_no,
        "source_id": ids,
        "source": sources,
        "category": reports.column(columns, "category"),
        "description": reports.column(columns, "description"),
        "state": judged.state,
        "queue_reason": pa.array(judged.queue_reason, pa.string()),
        "occurred_at": _instants(reports.occurred_at),
        "occurred_precision": reports.precision,
        "received_at": _instants(reports.received_at),
        "raw_x": reports.raw_x,
        "raw_y": reports.raw_y,
        "raw_datum": pa.array(reports.datum, pa.string()),
        "lon": reports.lon,
        "lat": reports.lat,
        "staff_id": pa.array(judged.staff_id, pa.int64()),
        "owner_grid_id": _ids(owner),
        "task_grid_id": _ids(np.where(judged.task_grid == owner, -1, judged.task_grid)),
        "version": judged.pick("version"),
        "reasons": judged.reasons,
        **_history_columns(judged),
    }


def _history_columns(judged: Judged) -> dict[str, Any]:
    """What differs from the usual of a case: nothing in a city without a catalogue, from a file without closings."""
    closed, history = judged.reports.closed_at, judged.history
    columns: dict[str, Any] = {} if np.isnat(closed).all() else {"closed_at": _instants(closed)}
    if history is None:
        return columns
    return columns | {
        "matter_id": _ids(history.matter_id),
        "urgency": history.urgency,
        "place_class": history.place_class,
        "department_id": _ids(history.department_id),
        "assisting": history.assisting,
        "clock": history.clock,
        "due_at": _instants(np.where(history.clock == "running", history.due_at, np.datetime64("NaT", "us"))),
    }


def _stage_history(session: Session, judged: Judged) -> None:
    """The clocks of the rows that have one."""
    history = judged.history
    if history is None:
        return
    session.execute(statement("stage_clocks"))
    rows = np.flatnonzero(history.stage != None)  # noqa: E711 - of each element
    columns = {
        "row_no": judged.reports.row_no[rows],
        "stage": history.stage[rows],
        "due_at": _instants(history.due_at[rows]),
        "met_at": _instants(history.met_at[rows]),
    }
    copy_columns(session, "stage_clocks", columns)


def placement_columns(
    placements: Placements, *, row_no: NDArray[np.int64], routing: NDArray[np.bool_]
) -> dict[str, Any]:
    """Columns for `stage_placements` of the rows on which the scheme has something to say."""
    rows = placements.covers
    return {
        "row_no": row_no[rows],
        "scheme_id": np.full(int(rows.sum()), placements.scheme.id),
        "version": placements.version[rows],
        "grid_id": _ids(placements.grid_id[rows]),
        "nearest_grid_id": _ids(placements.nearest_id[rows]),
        "outside_m": _metres(placements.outside_m[rows]),
        "edge_distance_m": _metres(placements.edge_distance_m[rows]),
        "near_border": placements.near_border[rows],
        "second_grid_id": _ids(placements.second_id[rows]),
        "routing": routing[rows],
    }


def _ids(values: NDArray[np.int64]) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values < 0)


def _metres(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _instants(values: NDArray[np.datetime64]) -> pa.Array:
    # Written as UTC wall time; the session's time zone is UTC.
    return pa.array(values.astype("datetime64[us]"), pa.timestamp("us"))


def known_cases(session: Session, *, tree: str, dataset: str) -> Sequence[Any]:
    """Staged rows (row_no, same) whose source id is stored already, and whether they say the same."""
    # By the index in any case: the table may be empty when the plan is made and full, by another writer, when it runs.
    session.execute(text("SET LOCAL enable_seqscan = off"))
    known = session.execute(statement("known_cases"), {"tree": tree, "dataset": dataset}).all()
    session.execute(text("SET LOCAL enable_seqscan = on"))
    return known


def _set_known_aside(session: Session, judged: Judged, routing: Scheme, dataset: str, bad: list[BadRow]) -> int:
    """Take rows already stored out of the stage; one that now says something else is quarantined."""
    values = {"tree": routing.tree, "dataset": dataset}
    known = known_cases(session, **values)
    if not known:
        return 0
    session.execute(statement("forget_known_cases"), {"row_nos": [row.row_no for row in known]})
    column = judged.columns.get("id", "row_no")
    changed = [row.row_no for row in known if not row.same]
    at = dict(zip(judged.reports.row_no.tolist(), range(len(judged.reports.row_no)), strict=True))
    for row_no in changed:
        row: Any = judged.reports.frame.iloc[at[row_no]]
        detail = "A case with this id is stored with other values; it was left as it is."
        bad.append(BadRow(row_no, column, str(row[column]), "id_known_with_other_values", raw_row(row), detail))
    return len(known) - len(changed)
