"""How well it goes: measures of a period by area, department or post, and the cases that each number is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables import Area, Department, Grid, Scheme, Staff
from data.tables.catalogue import STAGES
from data.tables.ground import AREA_LEVELS
from gis.errors import BadInput
from layers.cases.loop import states
from layers.dispatch.cities import city
from layers.dispatch.formulas import SMALL, Measure, measures
from layers.errors import NotFound

PARTS = ("numerator", "denominator")
MOST_ROWS = 1_000
_CLOSED = "archived"
_EARLIEST, _LATEST = date(1900, 1, 1), date(9000, 1, 1)
# What cases are grouped by -> its groups: code, names in both languages, city.
_GROUPS: dict[str, Select[str, str, str, str]] = {
    **{
        level: select(Area.code, Area.name.label("zh"), Area.name.label("en"), Area.tree).where(Area.level == level)
        for level in AREA_LEVELS
    },
    "grid": select(Grid.code, func.min(Grid.name).label("zh"), func.min(Grid.name).label("en"), Scheme.tree)
    .join(Scheme, Scheme.id == Grid.scheme_id)
    .group_by(Grid.code, Scheme.tree),
    "department": select(
        Department.code, Department.name_zh.label("zh"), Department.name_en.label("en"), Department.tree
    ),
    "staff": select(Staff.staff_no.label("code"), Staff.name.label("zh"), Staff.name.label("en"), Staff.tree),
}
BY = tuple(_GROUPS)


@dataclass(frozen=True)
class Asked:
    """Which cases are measured: those that came in within a period, days of the city's own clock.

    Attributes:
        tree: The city; that of the scheme which takes reports if not given.
        first, last: The first and the last day; this month so far if not given.
        by: What to group by, one of `BY`; None for no groups.
        as_of: The instant at which an open case counts as late or not; now if not given.
    """

    tree: str | None = None
    first: date | None = None
    last: date | None = None
    by: str | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class _Meant:
    """What was asked, with nothing left open."""

    tree: str
    time_zone: str
    first: date
    last: date
    by: str | None
    as_of: datetime

    def values(self) -> dict[str, Any]:
        """The parameters of `data/sql/measure_facts.sql`."""
        zone = ZoneInfo(self.time_zone)
        return {
            "tree": self.tree,
            "since": datetime.combine(self.first, time(), zone),
            "until": datetime.combine(self.last + timedelta(days=1), time(), zone),
            "now": self.as_of,
            "by": self.by,
            "on_report": _in_stages("report"),
            "with_handlers": [*_in_stages(*STAGES[2:]), _CLOSED],
            "after_handling": [*_in_stages(*STAGES[3:]), _CLOSED],
        }

    def told(self) -> dict[str, Any]:
        """The same for the answer."""
        period = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        head = {"tree": self.tree, **period, "time_zone": self.time_zone, "by": self.by}
        return {**head, "as_of": self.as_of.isoformat()}


def measured(session: Session, asked: Asked) -> dict[str, Any]:
    """All measures of a period, for the city and for each group that has cases; one statement counts.

    Raises:
        NotFound: `unknown_tree`.
        BadInput: `bad_period`, `unknown_word`.
    """
    meant = _meant(session, asked)
    rows = session.execute(text(_counting()), meant.values()).all()
    (whole,) = (row for row in rows if row.is_whole)
    groups = [row for row in rows if not row.is_whole]
    names = _names(session, meant, [row.part_of for row in groups if row.part_of is not None])
    told = [{**names.get(row.part_of, _nobody(row.part_of)), "values": _values(row)} for row in groups]
    return {
        **meant.told(),
        "small": SMALL,
        "measures": [{"measure": one.name, **_without_name(one)} for one in measures().values()],
        "total": _values(whole),
        # What belongs to no group comes last.
        "groups": sorted(told, key=lambda one: (one["code"] == "", one["code"])) if meant.by else [],
    }


def opened(
    session: Session,
    asked: Asked,
    measure: str,
    part: str = "numerator",
    *,
    of: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> dict[str, Any]:
    """The cases that a number counts, in the order of their numbers.

    Args:
        session: An open session.
        asked: As for `measured`; with its `as_of` the same cases are late.
        measure: Its name.
        part: numerator or denominator.
        of: Code of the group; "" for what belongs to none, None for the whole city.
        after: Number of the case after which the page begins.
        limit: Cases on the page.

    Raises:
        NotFound: `unknown_tree`, `unknown_group`.
        BadInput: `bad_period`, `unknown_word`.
    """
    meant = _meant(session, asked)
    chosen = measures()[_known("measure", measure, measures())]
    condition = chosen.counted if _known("part", part, PARTS) == "numerator" else chosen.about
    if of is not None and meant.by is None:
        raise BadInput("unknown_word", f"Say with by what {of[:40]} is. Known: {', '.join(BY)}.", field="by")
    if of and of not in _names(session, meant, [of]):
        raise NotFound("unknown_group", f"The city has no {meant.by} {of[:40]}.", field="of", value=of)
    values = {**meant.values(), "whole": of is None, "of": of or None, "after": after, "limit": limit}
    row = session.execute(text(_OPENING.format(facts=_facts(), condition=condition)), values).one()
    return {**meant.told(), "measure": measure, "part": part, "of": of, **row._asdict()}


def as_table(answer: Mapping[str, Any]) -> pd.DataFrame:
    """What `measured` told as rows, one for each group and measure, the whole city first."""
    whole = {"code": None, "zh": "全市", "en": "Whole city", "values": answer["total"]}
    formulas = {one["measure"]: one for one in answer["measures"]}
    return pd.DataFrame(
        {
            **{name: answer[name] for name in ("tree", "from", "to", "by")},
            "code": group["code"],
            "name_zh": group["zh"],
            "name_en": group["en"],
            "measure": name,
            "measure_zh": formulas[name]["zh"],
            "measure_en": formulas[name]["en"],
            **value,
        }
        for group in [whole, *answer["groups"]]
        for name, value in group["values"].items()
    ).astype({"numerator": "Int64", "denominator": "Int64"})


_OPENING = """{facts}, chosen AS (
    SELECT * FROM facts WHERE (:whole OR part_of IS NOT DISTINCT FROM CAST(:of AS text)) AND {condition}
), page AS (
    SELECT * FROM chosen WHERE id > :after ORDER BY id LIMIT :limit
)
SELECT (SELECT count(*) FROM chosen) AS total,
    COALESCE((SELECT json_agg(json_build_object(
        'number', id::text, 'state', state, 'clock', clock, 'category', category, 'description', description,
        'received_at', received_at, 'closed_at', closed_at, 'group', part_of
    ) ORDER BY id) FROM page), '[]') AS rows,
    (SELECT CAST(max(id) AS text) FROM page HAVING max(id) < (SELECT max(id) FROM chosen)) AS next
"""


def _counting() -> str:
    counts = ", ".join(
        f'count(*) FILTER (WHERE {condition}) AS "{one.name}_{part}"'
        for one in measures().values()
        for part, condition in zip(PARTS, (one.counted, one.about), strict=True)
    )
    return (
        f"{_facts()} SELECT part_of, GROUPING(part_of) = 1 AS is_whole, {counts} "
        "FROM facts GROUP BY GROUPING SETS ((), (part_of))"
    )


def _facts() -> str:
    return statement("measure_facts").text


def _values(row: Row[Any]) -> dict[str, Any]:
    counts = row._mapping
    return {
        one.name: one.value(counts[f"{one.name}_numerator"], counts[f"{one.name}_denominator"])
        for one in measures().values()
    }


def _without_name(one: Measure) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "name"}


def _meant(session: Session, asked: Asked) -> _Meant:
    tree = city(session, asked.tree)
    if asked.by is not None:
        _known("by", asked.by, BY)
    zone = session.scalars(select(Scheme.time_zone).where(Scheme.tree == tree).order_by(Scheme.id)).first() or "UTC"
    now = asked.as_of or datetime.now(UTC)
    last = asked.last or max(now.astimezone(ZoneInfo(zone)).date(), asked.first or date.min)
    first = asked.first or last.replace(day=1)
    if not _EARLIEST <= first <= last <= _LATEST:
        field, day = ("to", last) if first >= _EARLIEST and last > _LATEST else ("from", first)
        raise BadInput(
            "bad_period",
            f"A period lies between {_EARLIEST} and {_LATEST} and ends after it began; {first} to {last} is none.",
            field=field,
            value=day.isoformat(),
        )
    return _Meant(tree, zone, first, last, asked.by, now)


def _known(field: str, word: str, known: Iterable[str]) -> str:
    if word in known:
        return word
    listed = ", ".join(known)
    raise BadInput("unknown_word", f"'{word[:40]}' is no {field}. Known: {listed}.", field=field, value=word)


def _names(session: Session, meant: _Meant, codes: list[str]) -> dict[str, dict[str, str]]:
    if meant.by is None or not codes:
        return {}
    groups = _GROUPS[meant.by].subquery()
    asked = select(groups.c.code, groups.c.zh, groups.c.en)
    rows = session.execute(asked.where(groups.c.tree == meant.tree, groups.c.code == func.any(codes)))
    return {row.code: dict(row._mapping) for row in rows}


def _nobody(code: str | None) -> dict[str, str]:
    return {"code": code or "", "zh": code or "无", "en": code or "None"}


def _in_stages(*stages: str) -> list[str]:
    return [name for name, state in states().items() if state.stage in stages]
