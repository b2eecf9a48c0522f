"""Two chunks are stored at once, and a row still finds the one with its id that came before."""

from pathlib import Path

import pandas as pd

from data.readers.chunk import Chunk
from layers.actor import SYSTEM
from layers.cases.bulk import import_cases
from layers.cases.rows import RowOptions
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
