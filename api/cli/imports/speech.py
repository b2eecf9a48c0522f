"""What all imports ask for in the same words, and how they tell their sums."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Output
from layers.batches import Summary

File = Annotated[Path, typer.Argument(help="The file to read.")]
Columns = Annotated[Path | None, typer.Option("--columns", help="TOML file that names the columns; options win.")]
Crs = Annotated[str | None, typer.Option(help="CRS of the file where it states none, for example EPSG:4547.")]
Encoding = Annotated[str | None, typer.Option(help="Text encoding where it is not UTF-8, for example gbk or big5.")]
LayerName = Annotated[str | None, typer.Option("--layer", help="Layer to read where the file has several.")]
Datum = Annotated[str | None, typer.Option(help="Datum of the coordinates: wgs84, cgcs2000, gcj02, bd09, epsg:4547, …")]
Tree = Annotated[str, typer.Option(help="Name of the city the rows belong to.")]


def tell(out: Output, summary: Summary, more: dict[str, object] | None = None) -> None:
    """Tell what a batch did; the last thing that an import does.

    Args:
        out: Hears it.
        summary: The sums.
        more: Further facts for machines.
    """
    for remark in summary.remarks:
        out.show(remark)
    out.result({**told(out, summary), **(more or {})})


def told(out: Output, summary: Summary) -> dict[str, object]:
    """Print the sums of one batch for people; the same for machines."""
    out.show(
        f"{summary.read} rows read = {summary.stored} new + {summary.changed} changed + "
        f"{summary.already_there} already there + {summary.quarantined} set aside."
    )
    for reason, rows in summary.reasons.most_common():
        out.show(f"  {rows} set aside: {reason}")
    if summary.quarantined:
        out.show("  See them with: gridkeeper export quarantine -o FILE.csv")
    return {"batch_id": summary.batch_id, "dataset": summary.dataset, **summary.counts()}
