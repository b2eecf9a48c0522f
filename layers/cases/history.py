"""What a city's catalogue says of imported cases: their matter, department and deadline, and whether it was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables.catalogue import URGENCIES
from data.tables.catalogue import Catalogue as CatalogueRow
from gis.errors import BadInput
from gis.working_time import BEYOND, deadlines
from layers.cases.loop import State, states
from layers.cases.rows import Reports, RowOptions
from layers.errors import NotFound
from layers.matters.held import Catalogue, catalogue_of
from layers.matters.limits import END

Int64 = NDArray[np.int64]
Instants = NDArray[np.datetime64]
Texts = NDArray[Any]

# A closed case was being handled from the first day to the last: the end of that stage is what was kept or missed.
_HANDLED = "handle"


@dataclass
class History:
    """What is stored of the rows of a chunk beside the reports themselves; arrays of equal length.

    Attributes:
        matter_id, department_id: -1 for none.
        assisting: Departments as an array literal.
        stage: The stage whose end has a limit; None where none has.
        due_at: The deadline of that end; NaT where it stands still or cannot be measured.
        met_at: When it was met; NaT where it is not.
        clock: What the row of the case shows of it.
        counts: Sums for the summary.
    """

    matter_id: Int64
    urgency: Texts
    place_class: Texts
    department_id: Int64
    assisting: Texts
    stage: Texts
    due_at: Instants
    met_at: Instants
    clock: Texts
    counts: Counter[str] = field(default_factory=lambda: Counter(closed_in_time=0, closed_late=0, unmeasured=0))


@dataclass(frozen=True)
class _Alike:
    """Rows for which the catalogue says the same."""

    rows: Int64
    catalogue: Catalogue
    category: str | None
    urgency: str
    place_class: str
    state: State


class Historian:
    """Keeps the catalogues of a city at hand between the chunks of an import.

    Raises:
        NotFound: `no_catalogue`: categories are to be mapped, and there is none.
        BadInput: `unknown_matter`: one is mapped to a code that no catalogue of the city has.
    """

    def __init__(self, session: Session, tree: str, options: RowOptions) -> None:
        self._session = session
        self._options = options
        valid = session.scalars(
            select(CatalogueRow.valid).where(CatalogueRow.tree == tree).order_by(CatalogueRow.version)
        ).all()
        self._begins = np.array([one.lower.replace(tzinfo=None) for one in valid], dtype="datetime64[us]")
        self._catalogues = [found for one in valid if (found := catalogue_of(session, tree, one.lower)) is not None]
        if options.matters and not self._catalogues:
            raise NotFound("no_catalogue", f"No catalogue holds in '{tree}'.", field="tree", value=tree)
        for category, code in options.matters.items():
            if all(one.matter(code) is None for one in self._catalogues):
                detail = f"The catalogue has no matter of the code {code}, which is given for '{category}'."
                raise BadInput("unknown_matter", detail, field="matters", value=code)

    def tell(self, reports: Reports, *, place_class: Texts, state: list[str]) -> History | None:
        """What the catalogues say of each row; None in a city without any.

        Args:
            reports: The good rows of a chunk.
            place_class: What kind of place each lies in.
            state: Their states.
        """
        if not self._catalogues:
            return None
        n = len(reports.row_no)
        never = np.full(n, np.datetime64("NaT", "us"))
        urgency = reports.column(self._options.columns, "urgency").fillna(URGENCIES[0])
        history = History(
            matter_id=np.full(n, -1),
            urgency=urgency.to_numpy(dtype=object),
            place_class=place_class,
            department_id=np.full(n, -1),
            assisting=np.full(n, "{}", dtype=object),
            stage=np.full(n, None, dtype=object),
            due_at=never,
            met_at=never.copy(),
            clock=np.full(n, "no_limit", dtype=object),
        )
        for alike in self._alike(reports, history, state):
            self._assign(history, alike)
            _measure(history, alike, reports.received_at[alike.rows], reports.closed_at[alike.rows])
        before = (reports.received_at < self._begins[0]) & ~np.isnat(reports.closed_at)
        history.counts["closed_without_limit"] += int(before.sum())
        self._departments(history, reports)
        return history

    def _alike(self, reports: Reports, history: History, state: list[str]) -> Iterator[_Alike]:
        """Groups of rows; none of those that came in before the first catalogue began."""
        category = reports.column(self._options.columns, "category")
        factors = [pd.factorize(values) for values in (category, history.urgency, history.place_class, _texts(state))]
        version = np.searchsorted(self._begins, reports.received_at, side="right") - 1
        key = version.astype(np.int64)
        for codes, words in factors:
            key = key * (len(words) + 1) + codes + 1
        _, first, of = np.unique(key, return_index=True, return_inverse=True)
        order = np.argsort(of, kind="stable")
        for rows in np.split(order, np.cumsum(np.bincount(of))[:-1]) if len(first) else []:
            at = int(rows[0])
            name, urgency, place, stands = (
                None if codes[at] < 0 else str(words[codes[at]]) for codes, words in factors
            )
            if version[at] >= 0 and urgency and place and stands:
                catalogue = self._catalogues[int(version[at])]
                yield _Alike(rows, catalogue, name, urgency, place, states()[stands])

    def _assign(self, history: History, alike: _Alike) -> None:
        catalogue, rows = alike.catalogue, alike.rows
        category = alike.category
        matter = None if category is None else catalogue.matter(self._options.matters.get(category, category))
        if matter is None:
            history.counts["without_matter"] += len(rows)
        else:
            history.matter_id[rows] = matter.id
        rule = catalogue.rule(None if matter is None else matter.id, alike.urgency, alike.place_class)
        if rule.department_id is not None:
            history.department_id[rows] = rule.department_id
            history.assisting[rows] = "{" + ",".join(map(str, rule.assisting)) + "}"

    def _departments(self, history: History, reports: Reports) -> None:
        """Where the file names who handled it, that one is kept; one of an unknown code is counted."""
        if "department" not in self._options.columns:
            return
        codes, names = pd.factorize(reports.column(self._options.columns, "department"))
        for at, name in enumerate(names):
            rows = np.flatnonzero(codes == at)
            found = self._catalogues[-1].department(str(name))
            if found is None:
                history.counts["unknown_department"] += len(rows)
            else:
                history.department_id[rows] = found.id
                history.assisting[rows] = "{}"


def _measure(history: History, alike: _Alike, received: Instants, closed: Instants) -> None:
    """The clock of the end of the stage that each row is in; of a closed one, of the handling."""
    stage = alike.state.stage or _HANDLED
    limits = alike.catalogue.limits(
        None if history.matter_id[alike.rows[0]] < 0 else int(history.matter_id[alike.rows[0]]),
        alike.urgency,
        alike.place_class,
        stage,
    )
    limit = next((one for one in limits if one.milestone == END), None)
    is_closed = not alike.state.is_open
    if is_closed:
        history.counts["closed_without_time"] += int(np.isnat(closed).sum())
    # Of a closed row without a time of closing nothing can be measured.
    those = np.flatnonzero(~np.isnat(closed)) if is_closed else np.arange(len(alike.rows))
    rows, received, closed = alike.rows[those], received[those], closed[those]
    if limit is None:
        history.counts["closed_without_limit"] += len(rows) if is_closed else 0
        return
    history.stage[rows] = stage
    if alike.state.is_paused:
        history.clock[rows] = "paused"
        return
    due = deadlines(
        alike.catalogue.calendar, received.astype("datetime64[us]").astype(np.int64), limit.amount, limit.unit
    )
    beyond = due == BEYOND
    history.due_at[rows] = np.where(beyond, np.datetime64("NaT", "us"), due.astype("datetime64[us]"))
    history.clock[rows] = np.where(beyond, "unmeasured", "stopped" if is_closed else "running")
    history.counts["unmeasured"] += int(beyond.sum())
    if is_closed:
        history.met_at[rows] = closed
        in_time = int((closed <= history.due_at[rows]).sum())
        history.counts["closed_in_time"] += in_time
        history.counts["closed_late"] += len(rows) - in_time - int(beyond.sum())


def _texts(values: list[str]) -> Texts:
    return np.array(values, dtype=object)
