"""Rows out of arrays, also more of them than are encoded at once."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.binary_rows import Column, copy_rows

MANY = 40_000


@pytest.mark.parametrize("count", [1, 16_384, 16_385, MANY])
def test_every_row_arrives_as_it_is_however_many_there_are(town_session: Session, count: int):
    town_session.execute(text("CREATE TEMPORARY TABLE made (id bigint, share float8, word text) ON COMMIT DROP"))
    number = np.arange(count)
    # The first part has no share at all, and words of one length; the others have not.
    share = np.where(number < 20_000, np.nan, number / 8)
    word = np.where(number < 20_000, "ab", number.astype(str)).astype("S")
    columns = {"id": Column("bigint", number), "share": Column("double", share), "word": Column("text", word)}
    copy_rows(town_session, "made", columns)
    rows = town_session.execute(text("SELECT id, share, word FROM made ORDER BY id")).all()
    wanted = zip(number.tolist(), share.tolist(), word.astype(str).tolist(), strict=True)
    assert [tuple(row) for row in rows] == [(one, None if half != half else half, of) for one, half, of in wanted]


def test_rows_that_the_table_refuses_leave_nothing(town_session: Session):
    town_session.execute(text("CREATE TEMPORARY TABLE made (id bigint PRIMARY KEY) ON COMMIT DROP"))
    town_session.execute(text("SAVEPOINT before"))
    ids = np.arange(MANY)
    ids[-1] = 1
    with pytest.raises(DBAPIError, match="made_pkey"):
        copy_rows(town_session, "made", {"id": Column("bigint", ids)})
    town_session.execute(text("ROLLBACK TO before"))
    assert town_session.execute(text("SELECT count(*) FROM made")).scalar_one() == 0
