"""What routes are given: a session whose transaction ends before the answer leaves, or the body as it came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data.session import read_only, unit_of_work


def get_session(request: Request) -> Iterator[Session]:
    """One request, one transaction, one commit."""
    with unit_of_work(request.app.state.engine) as session:
        yield session


# With FastAPI's default scope the commit would come after the answer: a client could be told 201 for a case
# that the commit then loses.
TheSession = Annotated[Session, Depends(get_session, scope="function")]


async def get_engine(request: Request) -> Engine:
    """For a route that is asked so often that it begins and ends its transaction in its own thread."""
    bind: Engine = request.app.state.engine
    return bind


TheEngine = Annotated[Engine, Depends(get_engine)]


def get_reader(request: Request) -> Iterator[Session]:
    """One request that writes nothing."""
    with read_only(request.app.state.engine) as session:
        yield session


TheReader = Annotated[Session, Depends(get_reader, scope="function")]


async def get_body(request: Request) -> bytes:
    """The body as it came, whatever its header calls it: the content says what it is."""
    return await request.body()


TheBody = Annotated[bytes, Depends(get_body)]
