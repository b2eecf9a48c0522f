"""The rows of a table as they were written, to be copied into it again by other means."""

from __future__ import annotations

import io
from contextlib import closing

from sqlalchemy import Engine

_ROWS = 100_000


def kept(bind: Engine) -> list[bytes]:
    """All fixes as pieces of binary COPY, each in the order of the key."""
    with closing(bind.raw_connection()) as db:
        cursor = db.cursor()
        cursor.execute("SELECT count(*) FROM fixes")
        pieces = []
        for first in range(0, cursor.fetchone()[0], _ROWS):
            piece = io.BytesIO()
            some = f"SELECT * FROM fixes ORDER BY device_id, at OFFSET {first} LIMIT {_ROWS}"
            cursor.copy_expert(f"COPY ({some}) TO STDOUT (FORMAT binary)", piece)
            pieces.append(piece.getvalue())
        db.rollback()
        return pieces


def copy_bare(bind: Engine, pieces: list[bytes]) -> None:
    """COPY into the table, a commit for each piece; one repeat would fail it."""
    with closing(bind.raw_connection()) as db:
        cursor = db.cursor()
        for piece in pieces:
            cursor.copy_expert("COPY fixes FROM STDIN (FORMAT binary)", io.BytesIO(piece), 1 << 20)
            db.commit()


def copy_staged(bind: Engine, pieces: list[bytes]) -> None:
    """COPY aside, then insert what is not there; the same commits."""
    with closing(bind.raw_connection()) as db:
        cursor = db.cursor()
        for piece in pieces:
            cursor.execute("CREATE TEMPORARY TABLE stage (LIKE fixes) ON COMMIT DROP")
            cursor.copy_expert("COPY stage FROM STDIN (FORMAT binary)", io.BytesIO(piece), 1 << 20)
            cursor.execute("INSERT INTO fixes SELECT * FROM stage ON CONFLICT DO NOTHING")
            db.commit()
