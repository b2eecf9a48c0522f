"""The stream of what happens to cases: everything is told, once and in order, whatever breaks in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.live import MOST_EVENTS, Live
from data.session import engine
from tests.cluster import Cluster, Database
from tests.happenings import noted, report_one
from tests.imports import COLUMNS, take_cases, write_csv
from tests.routes.requests import told
from tests.server import served
from tests.streams import PATIENCE_S, Following, following
from tests.town import at

_LISTENERS = "FROM pg_stat_activity WHERE datname = :database AND query LIKE 'LISTEN%'"


@pytest.fixture
def url(town: Database) -> Iterator[str]:
    with served(town) as address:
        yield address


async def notes_of(stream: Following, count: int) -> list[int]:
    return [happening.data["event"] for happening in await stream.some(count)]


async def in_thread(act: Any, *given: Any) -> Any:
    return await asyncio.to_thread(act, *given)


async def kill_the_listener(cluster: Cluster, town: Database) -> None:
    """Kill the connection that listens, once there is one."""
    values = {"database": town.settings.database}
    async with asyncio.timeout(PATIENCE_S):
        with cluster.admin() as admin:
            while not admin.scalar(text(f"SELECT pg_terminate_backend(pid) {_LISTENERS}"), values):
                await asyncio.sleep(0.05)


def test_a_report_is_told_to_an_open_page(town: Database, url: str):
    async def follow() -> None:
        async with following(url) as stream:
            await stream.begun()
            case = await in_thread(report_one, town)
            received, dispatched = await stream.some(2)
            assert (received.name, received.data["kind"]) == ("case", "received")
            assert (dispatched.data["number"], dispatched.data["state"]) == (str(case), "dispatched")
            assert dispatched.data["grid"] == "D01"
            assert received.id < dispatched.id

    asyncio.run(follow())


def test_a_stream_of_one_city_tells_of_no_other(town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        async with following(url, query="tree=lakeside") as other, following(url, query="tree=town") as ours:
            await other.begun()
            await ours.begun()
            written = await in_thread(noted, town, case)
            assert await notes_of(ours, 1) == written
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await other.next()

    asyncio.run(follow())


def test_a_hundred_clients_are_told_all_of_forty_events(town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        async with AsyncExitStack() as open_streams:
            streams = [await open_streams.enter_async_context(following(url)) for _ in range(100)]
            for stream in streams:
                await stream.begun()
            written = []
            for _ in range(40):
                written += await in_thread(noted, town, case)
            for seen in await asyncio.gather(*(notes_of(stream, 40) for stream in streams)):
                assert seen == written

    asyncio.run(follow())


def test_nothing_is_lost_when_the_listening_connection_is_killed(cluster: Cluster, town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        async with following(url) as stream:
            await stream.begun()
            written = await in_thread(noted, town, case)
            for _ in range(3):
                await kill_the_listener(cluster, town)
                written += await in_thread(noted, town, case, 2)
            assert await notes_of(stream, 7) == written

    asyncio.run(follow())


def test_who_comes_back_is_told_what_was_missed(town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        async with following(url) as stream:
            await stream.begun()
            first = await in_thread(noted, town, case, 2)
            assert await notes_of(stream, 2) == first
        missed = await in_thread(noted, town, case, 3)
        async with following(url, last=stream.seen) as again:
            assert await notes_of(again, 3) == missed
            assert await in_thread(noted, town, case) == await notes_of(again, 1)
        async with following(url, query=f"after={stream.seen}") as by_address:
            assert await notes_of(by_address, 3) == missed

    asyncio.run(follow())


@pytest.mark.parametrize("missed", [MOST_EVENTS, 0])
def test_who_cannot_be_told_what_was_missed_reads_anew(town: Database, url: str, missed: int):
    """Too much was missed, or the cursor is of a database that was restored."""
    case = report_one(town)

    async def follow() -> None:
        async with following(url) as stream:
            await stream.begun()
        if missed:
            await in_thread(noted, town, case, missed)
        last = stream.seen if missed else "999999999999-1"
        async with following(url, last=last) as again:
            (anew,) = await again.some(1)
            assert (anew.name, anew.data) == ("resync", {"tree": None})
            (note,) = await in_thread(noted, town, case)
            # The reader of the process may say it once more, if it was behind as well: that stands for the note too.
            while (happening := (await again.some(1))[0]).name == "resync" or happening.data["event"] < note:
                if happening.name == "resync":
                    (note,) = await in_thread(noted, town, case)
            assert happening.data["event"] == note

    asyncio.run(follow())


def test_a_burst_of_events_makes_open_pages_read_anew(town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        async with following(url) as stream:
            await stream.begun()
            await in_thread(noted, town, case, MOST_EVENTS + 1)
            assert (await stream.some(1))[0].name == "resync"
            assert await in_thread(noted, town, case) == await notes_of(stream, 1)

    asyncio.run(follow())


def test_an_import_makes_open_pages_of_the_city_read_anew(town: Database, url: str, tmp_path: Path):
    rows = [(f"r{number}", *at(1, 0.25)) for number in range(5)]
    file = write_csv(tmp_path / "cases.csv", rows, header=list(COLUMNS))

    async def follow() -> None:
        async with following(url) as stream:
            await stream.begun()
            await in_thread(take_cases, town.app, file)
            (anew,) = await stream.some(1)
            assert (anew.name, anew.data) == ("resync", {"tree": "town"})

    asyncio.run(follow())


def test_what_waits_for_an_older_transaction_is_told_when_that_ends(town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        async with following(url) as stream:
            await stream.begun()
            with town.app.connect() as somebody:
                somebody.execute(text("SELECT pg_current_xact_id()"))
                written = await in_thread(noted, town, case)
                await asyncio.sleep(0.3)
                somebody.rollback()
            assert await notes_of(stream, 1) == written

    asyncio.run(follow())


def test_what_waits_already_when_the_first_page_opens_is_told_too(town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        with town.app.connect() as somebody:
            somebody.execute(text("SELECT pg_current_xact_id()"))
            written = await in_thread(noted, town, case)
            await asyncio.sleep(0.3)  # its wake-up comes while nobody follows
            async with following(url) as stream:
                await stream.begun()
                somebody.rollback()
                assert await notes_of(stream, 1) == written

    asyncio.run(follow())


def memory_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def test_clients_that_take_nothing_are_cut_and_cost_no_memory(town: Database, url: str):
    case = report_one(town)

    async def follow() -> None:
        async with AsyncExitStack() as open_streams:
            slow = [await open_streams.enter_async_context(following(url, limit=1024)) for _ in range(20)]
            quick = await open_streams.enter_async_context(following(url))
            for stream in (*slow, quick):
                await stream.begun()
            written: list[int] = []
            before_mb = memory_mb()
            # For all of them together 160 MB, and more than the sockets between two hold.
            while len(written) < 12_000:
                written += await in_thread(noted, town, case, 800)
                assert await notes_of(quick, 800) == written[-800:]
            assert memory_mb() < before_mb + 50
            await asyncio.sleep(6)
            taken: list[int] = []
            while (happening := await slow[0].next()) is not None:
                taken.append(happening.data["event"])
            assert taken == written[: len(taken)]
            assert len(taken) < len(written)
        async with following(url, last=slow[0].seen) as again:
            assert (await again.some(1))[0].name == "resync"

    asyncio.run(follow())


def test_a_hundred_idle_streams_cause_no_statement(cluster: Cluster, town: Database):
    """Asked of the server: what each connection did last, and when."""
    last = text("SELECT pid, query, state, state_change FROM pg_stat_activity WHERE datname = :database ORDER BY pid")
    values = {"database": town.settings.database}

    async def follow() -> None:
        bind = engine(town.settings)
        with Live(bind).listening() as live, cluster.admin() as admin:
            reading = [(await live.stream(None, None)).chunks() for _ in range(100)]
            waiting = [asyncio.create_task(read_all(chunks)) for chunks in reading]
            await asyncio.sleep(0.5)
            before = admin.execute(last, values).all()
            await asyncio.sleep(2)
            assert admin.execute(last, values).all() == before
            assert [row.query for row in before].count("LISTEN gridkeeper_cases") == 1
            assert live.streams == 100
            live.close()
            await asyncio.gather(*waiting)
        bind.dispose()

    asyncio.run(follow())


async def read_all(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass


def test_the_service_ends_at_once_with_streams_open(town: Database):
    async def follow(address: str) -> float:
        async with AsyncExitStack() as open_streams:
            streams = [await open_streams.enter_async_context(following(address)) for _ in range(10)]
            for stream in streams:
                await stream.begun()
            started = time.monotonic()
            ending = asyncio.create_task(in_thread(serving.__exit__, None, None, None))
            assert [await stream.next() for stream in streams] == [None] * 10
            await ending
            return time.monotonic() - started

    serving = served(town)
    assert asyncio.run(follow(serving.__enter__())) < 5


def test_what_cannot_be_followed_is_refused(client: TestClient):
    assert told(client.get("/api/v1/live?after=yesterday"), 422, "bad_cursor")["value"] == "yesterday"
    assert told(client.get("/api/v1/live?tree=nowhere"), 404, "unknown_tree")["value"] == "nowhere"
