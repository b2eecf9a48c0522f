"""The service, made by a factory; nothing happens at import."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api.answered import Waiting
from api.due import looking_after, watches
from api.errors import PROBLEMS, handle_errors
from api.guard import Guard
from api.headers import ProtectiveHeaders
from api.live import Live
from api.routes import (
    cases,
    dispatch,
    drafts,
    fixes,
    grids,
    health,
    hotspots,
    layers,
    live,
    measures,
    pages,
    patrols,
    people,
    photos,
    previews,
    publishing,
    reach,
    schemes,
    suggestions,
    telephones,
)
from api.short_way import ShortWay, Way
from data.session import engine
from data.settings import DatabaseSettings, PatrolSettings, ServiceSettings
from layers.patrols.writer import Writer

_API = "/api/v1"
_PARTS = (
    fixes,
    cases,
    dispatch,
    drafts,
    grids,
    hotspots,
    layers,
    live,
    measures,
    patrols,
    people,
    photos,
    previews,
    publishing,
    reach,
    schemes,
    suggestions,
)

_SHORT_WAYS = {
    ("POST", f"{_API}/fixes"): Way(fixes.batch_of, fixes.told),
    ("POST", "/pub"): Way(telephones.owntracks_of, telephones.owntracks_told),
    ("POST", "/osmand"): Way(telephones.osmand_of, telephones.osmand_told),
    ("GET", "/osmand"): Way(telephones.osmand_of, telephones.osmand_told),
}


def create_app(
    database: DatabaseSettings | None = None,
    service: ServiceSettings | None = None,
    fixes_kept: PatrolSettings | None = None,
) -> FastAPI:
    """The service as an ASGI application.

    Args:
        database: Where the database is, else as the environment says. It need not be up.
        service: How the service is reached, else as the environment says.
        fixes_kept: How long fixes are kept, else as the environment says.
    """
    database, service = database or DatabaseSettings(), service or ServiceSettings()
    fixes_kept = fixes_kept or PatrolSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = bind = engine(database)
        app.state.photos = database.home / "photos"
        watched = watches(bind, fixes_kept_days=fixes_kept.fixes_kept_days)
        called = [watch.wake for watch in watched if watch.on_events]
        writer = Writer(bind, kept_days=fixes_kept.fixes_kept_days)
        with Live(bind, also=called).listening() as app.state.live, looking_after(watched), writer.writing():
            app.state.fixes = Waiting(writer, get_running_loop())
            yield
        bind.dispose()

    # FastAPI's own documentation pages load from other hosts.
    app = FastAPI(
        title="Gridkeeper",
        version=version("gridkeeper"),
        lifespan=lifespan,
        openapi_url=f"{_API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
        # Nothing leaves this machine, whatever its environment says of collectors.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(ShortWay, ways=_SHORT_WAYS)
    app.add_middleware(Guard, hosts=service.hosts)
    app.add_middleware(ProtectiveHeaders)
    handle_errors(app)
    for part in _PARTS:
        app.include_router(part.router, prefix=_API)
    app.include_router(telephones.router)
    app.include_router(health.router)
    pages.add_pages(app)
    return app
