"""The service with one address more: a bare endpoint that writes a case row and nothing else, in the same program."""

from __future__ import annotations

import gc
import json
import sys
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine, text

from api.app import create_app
from api.cli.serve import Server, listen
from api.deps import TheSession
from data.session import engine
from data.settings import DatabaseSettings
from data.tables import Case
from layers.cases.warming import warm

BARE = "/bare"
# The identity gives the one, the request the other.
_NOT_COPIED = ("id", "geom")


def a_stored_case(bind: Engine) -> dict[str, Any]:
    """The columns of the last report that was stored, as parameters."""
    names = [column.name for column in Case.__table__.columns if column.name not in _NOT_COPIED]
    with bind.connect() as connection:
        asked = text(f"SELECT {', '.join(names)} FROM cases WHERE batch_id IS NULL ORDER BY id DESC LIMIT 1")
        row = connection.execute(asked).mappings().one()
    return {**row, "reasons": json.dumps(row["reasons"])}


def with_bare_endpoint() -> FastAPI:
    """The service, and the bare endpoint with the same connections, guards and validation of JSON."""
    app = create_app()
    settings = DatabaseSettings()
    bind = engine(settings)
    row = a_stored_case(bind)
    bind.dispose()
    names = ", ".join(row)
    values = ", ".join(f"CAST(:{name} AS jsonb)" if name == "reasons" else f":{name}" for name in row)
    insert = text(
        f"INSERT INTO cases ({names}, geom) VALUES ({values}, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) RETURNING id"
    )

    @app.post(BARE, status_code=201)
    def bare(body: dict[str, Any], session: TheSession) -> dict[str, Any]:
        now = datetime.now().astimezone()
        given = {**row, "received_at": now, "occurred_at": now, "lon": body["lon"], "lat": body["lat"]}
        return {"number": session.execute(insert, given).scalar_one()}

    return app


if __name__ == "__main__":
    gc.freeze()  # as the command does once all is loaded
    app = with_bare_endpoint()
    Server(app, ready=lambda: warm(app.state.engine)).run(sockets=[listen(int(sys.argv[1]))])
