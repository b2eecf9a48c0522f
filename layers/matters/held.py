"""The catalogue as the program asks it: one version, held in memory, never changed."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock
from typing import NamedTuple, TypeVar

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.sql import statement
from data.tables.catalogue import Calendar, CalendarDay, Department, IntakePath, Matter, ServiceRule, TimeLimit
from data.tables.catalogue import Catalogue as CatalogueRow
from gis.working_time import WorkingTime
from layers.matters.limits import Limit, LimitsOf

DIRECT = "direct"
# The class of a place of which no area says more.
ANY_PLACE = "city"
# More than the versions that a process meets in a day: imported history may reach over several.
_HELD = 32

Pattern = tuple[int | None, str | None, str | None]
"""Matter, urgency and place class that a row is for; None stands for any."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class MatterRef:
    """A kind of incident."""

    id: int
    standard: str
    code: str
    names: Mapping[str, str]
    classes: Mapping[str, str]


@dataclass(frozen=True)
class DepartmentRef:
    """An office that handles cases; no area where it answers in the whole city."""

    id: int
    code: str
    names: Mapping[str, str]
    area_id: int | None
    phone: str | None


@dataclass(frozen=True)
class Rule:
    """Who handles a matter; no department where the person of the grid does it.

    Attributes:
        department_id: The lead.
        assisting: Departments that assist.
        skill: What the person sent must be able to do.
        same_within_m, same_within_h: Reports of the same matter this near and this close in time are offered as one.
    """

    department_id: int | None
    assisting: tuple[int, ...]
    skill: str | None
    same_within_m: float
    same_within_h: float


class Edition(NamedTuple):
    """What tells one state of a catalogue from all others: the row of `data/sql/catalogue_edition.sql`.

    Its version never changes and known days of its calendar neither; days may be added before and after them.
    """

    id: int
    version: int
    recorded_at: datetime
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Catalogue:
    """One version of a city's rules.

    Attributes:
        edition: What it is called in memory.
        calendar: The working times by which it counts.
        most_returns: The returns after which only a referee settles who is responsible.
        matters, departments: By id, those that were replaced included.
    """

    edition: Edition
    calendar: WorkingTime
    most_returns: int
    matters: Mapping[int, MatterRef]
    departments: Mapping[int, DepartmentRef]
    _codes: Mapping[tuple[str | None, str], int] = field(repr=False)
    _rules: Mapping[Pattern, Rule] = field(repr=False)
    _limits: Mapping[str, Mapping[Pattern, tuple[Limit, ...]]] = field(repr=False)
    _paths: Mapping[str, str] = field(repr=False)

    @property
    def version(self) -> int:
        """Its number."""
        return self.edition.version

    def matter(self, code: str | None, standard: str | None = None) -> MatterRef | None:
        """The matter of a code; that which it became, where its numbering was replaced.

        A matter that was replaced after these rules were made for it is still itself. None for a code that is not
        known, or that stands for several matters and comes without its standard.
        """
        found = None if code is None else self._codes.get((standard, code.strip()))
        return None if found is None else self.matters[found]

    def department(self, code: str) -> DepartmentRef | None:
        """The department of a code."""
        return next((one for one in self.departments.values() if one.code == code), None)

    def rule(self, matter_id: int | None, urgency: str, place_class: str) -> Rule:
        """Who handles it: the most particular row that fits."""
        found = most_particular(self._rules, (matter_id, urgency, place_class))
        assert found is not None, "no catalogue is stored without a rule for anything else"
        return found

    def limits(self, matter_id: int | None, urgency: str, place_class: str, stage: str) -> tuple[Limit, ...]:
        """The milestones of a stage; all of them come from rows equally particular, the most that fit."""
        return most_particular(self._limits.get(stage, {}), (matter_id, urgency, place_class)) or ()

    def limits_of(self, matter_id: int | None, urgency: str, place_class: str) -> LimitsOf:
        """The limits of one case by stage."""
        return lambda stage: self.limits(matter_id, urgency, place_class, stage)

    def path(self, source: str) -> str:
        """What becomes of a report by where it came from: direct, or on_site where somebody looks at it first."""
        return self._paths.get(source, DIRECT)


def most_particular(rows: Mapping[Pattern, Found], asked: Pattern) -> Found | None:
    """What the most particular pattern says that fits: matter before urgency before place.

    >>> rows = {(None, None, None): "any", (None, "urgent", "city"): "urgent in town", (7, None, None): "matter 7"}
    >>> [most_particular(rows, (matter, "urgent", "city")) for matter in (7, 8)]
    ['matter 7', 'urgent in town']
    """
    matter, urgency, place = asked
    for pattern in ((m, u, p) for m in dict.fromkeys((matter, None)) for u in (urgency, None) for p in (place, None)):
        if pattern in rows:
            return rows[pattern]
    return None


def catalogue_of(session: Session, tree: str, at: datetime | None = None) -> Catalogue | None:
    """The catalogue that holds in a city; None where it has none.

    Args:
        session: An open session; one small statement when the version is in memory.
        tree: The city.
        at: The instant that it is to hold at; now if not given.
    """
    row = session.execute(statement("catalogue_edition"), {"tree": tree, "at": at}).one_or_none()
    return None if row is None else held(session, Edition(*row))


_in_memory: OrderedDict[Edition, Catalogue] = OrderedDict()
_lock = Lock()


def held(session: Session, edition: Edition) -> Catalogue:
    """The catalogue of an edition that a statement of the caller's has told; read when it is not in memory."""
    with _lock:
        if edition in _in_memory:
            _in_memory.move_to_end(edition)
            return _in_memory[edition]
    found = _read(session, edition)
    with _lock:
        _in_memory[edition] = found
        while len(_in_memory) > _HELD:
            _in_memory.popitem(last=False)
    return found


def _read(session: Session, edition: Edition) -> Catalogue:
    row = session.get_one(CatalogueRow, edition.id)
    matters = session.scalars(select(Matter).where(Matter.tree == row.tree)).all()
    departments = session.scalars(select(Department).where(Department.tree == row.tree)).all()
    rules = session.scalars(select(ServiceRule).where(ServiceRule.catalogue_id == row.id)).all()
    limits = session.scalars(
        select(TimeLimit).where(TimeLimit.catalogue_id == row.id).order_by(TimeLimit.stage, TimeLimit.id)
    ).all()
    paths = session.execute(select(IntakePath.source, IntakePath.path).where(IntakePath.catalogue_id == row.id)).all()
    return Catalogue(
        edition,
        working_time(session, row.calendar_id),
        row.most_returns,
        {one.id: _matter(one) for one in matters},
        {one.id: _department(one) for one in departments},
        _codes=_by_code(matters, {one.matter_id for one in rules} | {one.matter_id for one in limits}),
        _rules={_pattern(one): _rule(one) for one in rules},
        _limits=_by_stage(limits),
        _paths=dict(paths),
    )


def keep_reports_away(session: Session, tree: str) -> None:
    """Wait for the reports of a city that are being stored, and let new ones wait until the transaction ends.

    Each is stored by the rules and days that hold just then (`hold_catalogue` of the database): who changes them sees
    all that went by the old ones.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('catalogue'), hashtext(:tree))"), {"tree": tree})


def calendar_zone(session: Session, tree: str) -> str:
    """The zone of a city's calendars, for instants that name none; UTC before there is a calendar."""
    return session.scalar(select(Calendar.time_zone).where(Calendar.tree == tree).limit(1)) or "UTC"


def working_time(session: Session, calendar_id: int) -> WorkingTime:
    """The known days of a calendar."""
    zone = session.get_one(Calendar, calendar_id).time_zone
    days = session.execute(select(CalendarDay.day, CalendarDay.spans).where(CalendarDay.calendar_id == calendar_id))
    return WorkingTime.of(dict(days.all()), zone)


def _matter(row: Matter) -> MatterRef:
    names, classes = {"zh": row.name_zh, "en": row.name_en}, {"zh": row.class_zh, "en": row.class_en}
    return MatterRef(row.id, row.standard, row.code, names, classes)


def _department(row: Department) -> DepartmentRef:
    return DepartmentRef(row.id, row.code, {"zh": row.name_zh, "en": row.name_en}, row.area_id, row.phone)


def _rule(row: ServiceRule) -> Rule:
    return Rule(row.department_id, tuple(row.assisting), row.skill, row.same_within_m, row.same_within_h)


def _pattern(row: ServiceRule | TimeLimit) -> Pattern:
    return row.matter_id, row.urgency, row.place_class


def _by_stage(rows: Iterable[TimeLimit]) -> dict[str, dict[Pattern, tuple[Limit, ...]]]:
    found: dict[str, dict[Pattern, tuple[Limit, ...]]] = {}
    for row in rows:
        patterns = found.setdefault(row.stage, {})
        limit = Limit(row.stage, row.milestone, row.amount, row.unit, row.source)
        patterns[_pattern(row)] = (*patterns.get(_pattern(row), ()), limit)
    return found


def _by_code(matters: Sequence[Matter], ruled: Collection[int | None]) -> dict[tuple[str | None, str], int]:
    """Standard and code to the id of what it stands for under rules that are made for some matters.

    A code without its standard stands for the matter that the rules name, else for that which nothing replaced, else
    for that which all of its matters became; where these are several, it stands for nothing.
    """
    same_as = {one.id: one.same_as for one in matters}

    def stands_for(matter: int) -> int:
        # That one was replaced is told once for all versions, and no rule is made for it since: these are older.
        while matter not in ruled and (other := same_as[matter]) is not None:
            matter = other
        return matter

    became = {matter: stands_for(matter) for matter in same_as}
    found: dict[tuple[str | None, str], int] = {(one.standard, one.code): became[one.id] for one in matters}
    of_code: defaultdict[str, list[Matter]] = defaultdict(list)
    for one in matters:
        of_code[one.code].append(one)
    for code, alike in of_code.items():
        meant = (
            {one.id for one in alike if one.id in ruled}
            or {one.id for one in alike if one.same_as is None}
            or {became[one.id] for one in alike}
        )
        if len(meant) == 1:
            found[None, code] = meant.pop()
    return found
