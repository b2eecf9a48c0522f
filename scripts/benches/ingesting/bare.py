"""A bare endpoint, beside which the service is measured: it validates the same body and does nothing with it."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

from api.cli.serve import listen
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
    uvicorn.Server(uvicorn.Config(bare(), log_level="warning")).run(sockets=[listen(int(sys.argv[1]))])
