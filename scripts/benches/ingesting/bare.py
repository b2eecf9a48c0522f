"""What is asked over HTTP: the service, or a bare endpoint that validates the same body and does nothing with it."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.cli.serve import Server, listen
from api.schemas.fixes import FixBatch, FixesTaken


def bare() -> FastAPI:
    """FastAPI and nothing else."""
    app = FastAPI()

    @app.post("/api/v1/fixes")
    async def take(body: FixBatch) -> FixesTaken:
        received = len(body.fixes)
        return FixesTaken(received=received, stored=received, repeats=0, off_shift=0, aside={}, unreadable=0)

    return app


if __name__ == "__main__":
    port, which = int(sys.argv[1]), sys.argv[2]
    if which == "bare":
        uvicorn.Server(uvicorn.Config(bare(), log_level="warning")).run(sockets=[listen(port)])
    else:
        Server(create_app()).run(sockets=[listen(port)])
