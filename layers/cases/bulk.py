"""Many cases at once: read, place, decide, store; every row is accounted for and a second run adds nothing."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data.readers.chunk import Chunk
from data.session import unit_of_work
from layers.actor import Actor
from layers.batches import Summary, close_batch, open_batch
from layers.cases.expect import Expectation
from layers.cases.judging import ChunkJudge
from layers.cases.rows import RowOptions
from layers.cases.storing import Stored, store
from layers.grids.schemes import scheme_named

# Chunks stored at once; the database works on one processor for each.
_WRITERS = 2


@contextmanager
def _no_cycle_search() -> Iterator[None]:
    """Python's search for unreachable cycles walks the millions of shapes of a city again and again: a third of the
    time of an import. What an import makes has no cycles, and what others leave is found afterwards.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def import_cases(
    bind: Engine,
    actor: Actor,
    chunks: Iterable[Chunk],
    *,
    scheme: str,
    dataset: str,
    file: Path,
    options: RowOptions,
    expect: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Import cases chunk by chunk; each chunk is one transaction, so a broken run is simply run again.

    Args:
        bind: Engine of the service role.
        actor: Who imports.
        chunks: Rows as read from a file.
        scheme: Name of the routing scheme.
        dataset: Name under which source ids are unique.
        file: The file, for the record.
        options: How to read the rows.
        expect: Column with the official grid code or name, compared under each datum hypothesis.
        progress: Told how many rows more were read and judged.
    """
    with unit_of_work(bind) as session:
        routing = scheme_named(session, scheme)
        described = {"scheme": scheme, "columns": options.columns, "datum": options.datum, "path": str(file.resolve())}
        summary = open_batch(session, actor, kind="cases", dataset=dataset, file=file.name, options=described)
    expectation = Expectation(expect) if expect else None
    with Session(bind) as reading, ThreadPoolExecutor(_WRITERS) as writers, _no_cycle_search():
        judge = ChunkJudge(reading, routing, options, expectation)
        under_way: deque[tuple[Future[Stored], pd.Index]] = deque()

        def finish_first() -> None:
            under_way.popleft()[0].result().add_to(summary)

        for chunk in chunks:
            judged = judge.judge(chunk)
            # A row whose id came before must find that one stored, so such chunks wait for each other.
            while len(under_way) == _WRITERS or any(ids.isin(judged.ids).any() for _, ids in under_way):
                finish_first()
            under_way.append((writers.submit(store, bind, actor, routing, judged, summary), judged.ids))
            if progress:
                progress(judged.rows)
        while under_way:
            finish_first()
    if expectation:
        summary.facts["agreement"] = expectation.shares()
        summary.remarks += [expectation.sentence(), *(f"Warning: {w}" for w in expectation.warnings(options.datum))]
    with unit_of_work(bind) as session:
        close_batch(session, summary)
    return summary
