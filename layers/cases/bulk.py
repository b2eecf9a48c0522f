"""Many cases at once: read, place, decide, store; every row is accounted for and a second run adds nothing."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data.readers.chunk import Chunk
from data.session import unit_of_work
from layers.actor import Actor
from layers.batches import Summary, close_batch, open_batch
from layers.cases.expect import Expectation
from layers.cases.judging import ChunkJudge, Judged
from layers.cases.rows import RowOptions
from layers.cases.storing import Stored, store
from layers.grids.guard import BoundariesChanged
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


class _Pipeline:
    """Judges a chunk while others are stored; one judged by boundaries that changed meanwhile is judged again, once."""

    def __init__(
        self,
        summary: Summary,
        writers: ThreadPoolExecutor,
        *,
        fresh_judge: Callable[[], ChunkJudge],
        store: Callable[[Judged], Stored],
    ) -> None:
        self._summary = summary
        self._writers = writers
        self._fresh_judge = fresh_judge
        self._store = store
        self._judge = fresh_judge()
        self._under_way: deque[tuple[Chunk, Judged, Future[Stored]]] = deque()

    def take(self, chunk: Chunk) -> None:
        """Judge a chunk and begin to store it."""
        judged = self._judge.judge(chunk)
        # A row whose id came before must find that one stored, so such chunks wait for each other.
        while len(self._under_way) == _WRITERS or any(e.ids.isin(judged.ids).any() for _, e, _ in self._under_way):
            self._finish_first()
        self._under_way.append((chunk, judged, self._writers.submit(self._store, judged)))

    def finish(self) -> None:
        """Wait for all that is under way."""
        while self._under_way:
            self._finish_first()
        self._summary.remarks += self._judge.remarks

    def _finish_first(self) -> None:
        chunk, _, storing = self._under_way.popleft()
        try:
            stored = storing.result()
        except BoundariesChanged:
            self._judge = self._fresh_judge()
            stored = self._store(self._judge.judge(chunk, again=True))
        stored.add_to(self._summary)


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

    Raises:
        BoundariesChanged: They changed twice while one chunk was judged and stored; the chunks before it stay.
    """
    with unit_of_work(bind) as session:
        routing = scheme_named(session, scheme)
        described = {"scheme": scheme, "columns": options.columns, "datum": options.datum, "path": str(file.resolve())}
        summary = open_batch(session, actor, kind="cases", dataset=dataset, file=file.name, options=described)
    expectation = Expectation(expect) if expect else None
    with Session(bind) as reading, ThreadPoolExecutor(_WRITERS) as writers, _no_cycle_search():

        def fresh_judge() -> ChunkJudge:
            # Forget what was read; what chunks under way hold of it stays as it was.
            reading.close()
            return ChunkJudge(reading, scheme_named(reading, scheme), options, expectation)

        def store_one(judged: Judged) -> Stored:
            return store(bind, actor, routing, judged, summary)

        pipeline = _Pipeline(summary, writers, fresh_judge=fresh_judge, store=store_one)
        for chunk in chunks:
            pipeline.take(chunk)
            if progress:
                progress(len(chunk.frame) + len(chunk.bad))
        pipeline.finish()
    if expectation:
        summary.facts["agreement"] = expectation.shares()
        summary.remarks += [expectation.sentence(), *(f"Warning: {w}" for w in expectation.warnings(options.datum))]
    with unit_of_work(bind) as session:
        close_batch(session, summary)
    return summary
