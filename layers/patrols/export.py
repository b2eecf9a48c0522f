"""Coverage and traces as files: tables for spreadsheets, GPX for maps elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

import pandas as pd

TABLES = ("grids", "people", "points", "plans")


def as_table(found: Mapping[str, Any], table: str) -> pd.DataFrame:
    """One table of an answer of `coverage`: a row for each grid, person, point or plan, quality in columns of its own.

    Args:
        found: The answer.
        table: One of `TABLES`.
    """
    return pd.DataFrame([_flat(row) for row in found[table]])


def fixes_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """All fixes of an answer of `traces`, in order of time, with what became of each.

    That is the kind of the leg that it begins, `last` where none follows, or why it was left out.
    """
    zone = ZoneInfo(found["time_zone"])
    rows = sorted((row for trace in found["traces"] for row in _fixes(trace)), key=lambda row: row["at"])
    columns = ["device", "staff_no", "name", "team", "at", "lon", "lat", "accuracy_m", "what"]
    local = [{**row, "at": _instant(row["at"], zone)} for row in rows]
    return pd.DataFrame(local, columns=columns)


def write_gpx(found: Mapping[str, Any], path: Path) -> None:
    """Write traces as GPX 1.1: a track for each, parted where nobody knows the way; what was left out is not in it."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gpx version="1.1" creator="Gridkeeper" xmlns="http://www.topografix.com/GPX/1/1">',
    ]
    for trace in found["traces"]:
        lines += _track(trace)
    path.write_text("\n".join([*lines, "</gpx>", ""]), encoding="utf-8")


def _track(trace: Mapping[str, Any]) -> Iterator[str]:
    yield f"<trk><name>{escape(trace['name'] or trace['device'])}</name><src>{escape(trace['device'])}</src>"
    breaks = [at + 1 for at, kind in enumerate(trace["kind"]) if kind == "gap"]
    for first, stop in pairwise([0, *breaks, len(trace["at"])]):
        yield "<trkseg>"
        for at in range(first, stop):
            place = f"lat={quoteattr(str(trace['lat'][at]))} lon={quoteattr(str(trace['lon'][at]))}"
            moment = _instant(trace["at"][at], ZoneInfo("UTC")).replace("+00:00", "Z")
            yield f"<trkpt {place}><time>{moment}</time></trkpt>"
        yield "</trkseg>"
    yield "</trk>"


def _fixes(trace: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    whose = {name: trace[name] for name in ("device", "staff_no", "name", "team")}
    kinds = [*trace["kind"], "last"]
    for at, lon, lat, accuracy_m, what in zip(
        trace["at"], trace["lon"], trace["lat"], trace["accuracy_m"], kinds[: len(trace["at"])], strict=True
    ):
        yield {**whose, "at": at, "lon": lon, "lat": lat, "accuracy_m": accuracy_m, "what": what}
    for one in trace["dropped"]:
        yield {**whose, "at": one["at"], "lon": one["lon"], "lat": one["lat"], "accuracy_m": None, "what": one["fate"]}


def _instant(epoch_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, zone).isoformat()


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose cells are plain: quality in columns of its own, counts by what they count, lists as text."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            prefix = "" if name == "quality" else f"{name}_"
            flat |= {f"{prefix}{inner}": one for inner, one in value.items()}
        elif isinstance(value, list):
            flat[name] = "; ".join(_said(one) for one in value)
        else:
            flat[name] = value
    return flat


def _said(one: Any) -> str:
    return str(next((one[key] for key in ("reason", "code", "name") if key in one), one))
