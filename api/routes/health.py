"""Is the service able to serve?"""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.deps import TheSession
from data import migrate
from layers.errors import Unavailable

router = APIRouter()


@router.get("/healthz")
def health(request: Request, session: TheSession) -> dict[str, str]:
    """200 when the database answers and has the tables this program knows, else 503."""
    revision, head = migrate.current(session.connection()), migrate.head()
    if revision != head:
        raise Unavailable(
            "not_migrated",
            f"The database is at revision {revision}, the program at {head}. Run: gridkeeper db migrate.",
            field="revision",
            value=revision,
        )
    return {"status": "ok", "version": request.app.version, "revision": str(revision)}
