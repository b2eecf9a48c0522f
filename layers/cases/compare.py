"""`gridkeeper compare`: an official column of the source file beside our grids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Row, func, select, true
from sqlalchemy.orm import Session, aliased

from data.readers.chunk import Chunk
from data.readers.columns import require
from data.tables import Case, Grid, ImportBatch, Placement
from gis.errors import BadInput
from layers.cases.expect import plain, same_grid
from layers.errors import NotFound
from layers.grids.schemes import scheme_named


@dataclass
class Comparison:
    """How our grids agree with an official column, in rows.

    Attributes:
        stored: Rows of the file that are stored as cases.
        not_stored: Rows that are not (quarantined), or that name no official grid.
        agree: The official grid is ours.
        outside: We found no grid.
        near_border: Flagged as near a border.
        differ_flagged, differ_unflagged: Another grid, with and without that flag.
    """

    stored: int = 0
    not_stored: int = 0
    agree: int = 0
    outside: int = 0
    near_border: int = 0
    differ_flagged: int = 0
    differ_unflagged: int = 0


@dataclass(frozen=True)
class LastImport:
    """The newest import of cases: what `compare` needs to read its file again."""

    path: Path
    scheme: str
    dataset: str
    id_column: str | None


def last_import(session: Session, *, file: Path | None = None) -> LastImport:
    """The newest finished import of cases, of one file when named.

    Raises:
        NotFound: Nothing was imported yet.
    """
    batch = session.scalar(
        select(ImportBatch)
        .where(ImportBatch.kind == "cases", ImportBatch.finished_at.isnot(None))
        .where(ImportBatch.file == file.name if file else true())
        .order_by(ImportBatch.id.desc())
        .limit(1)
    )
    if batch is None:
        raise NotFound(
            "no_import", f"No cases were imported from {file.name if file else 'any file'} yet.", field="file"
        )
    options = batch.options
    return LastImport(Path(options["path"]), options["scheme"], batch.dataset, options["columns"].get("id"))


def official_column(session: Session, chunk: Chunk, *, scheme: str) -> str:
    """The column whose values are codes or names of the scheme's grids in the most rows.

    Raises:
        BadInput: No column names our grids in half of the rows.
    """
    one = scheme_named(session, scheme)
    rows = session.execute(select(Grid.code, Grid.name).where(Grid.scheme_id == one.id)).all()
    known = {plain(value) for row in rows for value in row}
    shares = {
        str(name): chunk.frame[name].map(plain, na_action="ignore").isin(known).mean()
        for name in chunk.frame.columns
        if name != "row_no"
    }
    best = max(shares, key=lambda name: shares[name], default=None)
    if best is None or shares[best] < 0.5:
        raise BadInput(
            "no_official_column", "No column names our grids; say which one with --official.", field="official"
        )
    return best


def compare(
    session: Session, chunks: Iterable[Chunk], *, scheme: str, dataset: str, id_column: str, official: str
) -> Comparison:
    """Compare row by row, joined by source id.

    Args:
        session: An open session.
        chunks: The source file, read again.
        scheme: Scheme whose placements are meant.
        dataset: Dataset under which the file was imported.
        id_column: Column with the source id.
        official: Column with the official grid code or name.
    """
    one = scheme_named(session, scheme)
    report = Comparison()
    for chunk in chunks:
        frame = chunk.frame
        require(
            [str(name) for name in frame.columns],
            {"id": None if id_column == "row_no" else id_column, "official": official},
        )
        # Under names of our own: the file may well have a column called code or name.
        given = frame[[id_column, official]].set_axis(["id", "official"], axis=1)
        given = given.astype("str").dropna().drop_duplicates("id")
        report.not_stored += len(frame) - len(given) + len(chunk.bad)
        rows = _placed(session, one.id, one.tree, dataset, given["id"].tolist())
        if not rows:
            report.not_stored += len(given)
            continue
        ours = pd.DataFrame(rows, columns=["id", "code", "name", "near"])
        joined = given.merge(ours, on="id", how="inner")
        report.not_stored += len(given) - len(joined)
        _add(report, joined)
    return report


def _placed(
    session: Session, scheme_id: int, tree: str, dataset: str, ids: list[str]
) -> list[Row[tuple[str, str, str, bool]]]:
    grid = aliased(Grid)
    owner = func.coalesce(Placement.override_grid_id, Placement.grid_id)
    return list(
        session.execute(
            select(Case.source_id, grid.code, grid.name, Placement.near_border)
            .join(Placement, (Placement.case_id == Case.id) & (Placement.scheme_id == scheme_id))
            .outerjoin(grid, grid.id == owner)
            .where(Case.tree == tree, Case.dataset == dataset, Case.source_id == func.any(ids))
        )
    )


def _add(report: Comparison, joined: pd.DataFrame) -> None:
    outside = joined["code"].isna().to_numpy()
    near = joined["near"].to_numpy(dtype=bool)
    same = same_grid(joined["official"], joined["code"], joined["name"]) & ~outside
    report.stored += len(joined)
    report.agree += int(np.count_nonzero(same))
    report.outside += int(np.count_nonzero(outside))
    report.near_border += int(np.count_nonzero(near))
    report.differ_flagged += int(np.count_nonzero(~same & ~outside & near))
    report.differ_unflagged += int(np.count_nonzero(~same & ~outside & ~near))
