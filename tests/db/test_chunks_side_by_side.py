"""Two chunks are stored at once, and a row still finds the one with its id that came before."""

from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from data.readers.chunk import Chunk
from data.sql import statement
from layers.actor import SYSTEM
from layers.cases.bulk import import_cases
from layers.cases.rows import RowOptions
from layers.cases.storing import known_cases
from tests.plans import reading
from tests.town import at

COLUMNS = {"id": "id", "lon": "lon", "lat": "lat", "category": "category"}


def test_an_id_that_comes_again_in_the_next_chunk_is_set_aside_whichever_thread_is_faster(town):
    lon, lat = at(1.0, 1.0)
    rows = [("same", "noise"), ("same", "rubbish"), ("other", "noise"), ("same", "noise")] * 5
    chunks = [
        Chunk(pd.DataFrame({"row_no": [no], "id": [id_], "lon": [lon], "lat": [lat], "category": [category]}))
        for no, (id_, category) in enumerate(rows, start=2)
    ]
    options = RowOptions(columns=COLUMNS, datum="wgs84", time_zone="Asia/Shanghai")
    done = import_cases(town.app, SYSTEM, chunks, scheme="duty", dataset="mine", file=Path("mine.csv"), options=options)
    assert (done.read, done.stored, done.already_there) == (20, 2, 13)
    assert done.reasons == {"id_known_with_other_values": 5}


def test_known_ids_are_found_by_their_index_though_no_case_was_there_when_the_plan_was_made(session: Session):
    session.execute(statement("stage_cases"))
    seen = reading(session, lambda: known_cases(session, tree="town", dataset="mine"))
    assert "cases" not in seen.whole
    assert "uq_cases_source_id_dataset_tree" in seen.indexes
