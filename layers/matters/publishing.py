"""A folder of files becomes the next version of a city's catalogue: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from data.tables import Area
from data.tables.catalogue import Calendar, Catalogue, Department, IntakePath, Matter, ServiceRule, TimeLimit
from data.upserts import upsert
from layers.actor import Actor
from layers.batches import Summary, close_batch, open_batch
from layers.errors import Conflict
from layers.matters.checking import check_whole
from layers.matters.faults import Faults, Line
from layers.matters.held import keep_reports_away
from layers.matters.tables import Tables, read_tables

Ids = dict[str, int]


def import_catalogue(
    session: Session, actor: Actor, folder: Path, *, tree: str, since: datetime | None = None, reason: str = "import"
) -> Summary:
    """Publish the files of a folder as the next version of a city's catalogue; the one before it ends.

    Cases that came in since it holds get their clocks by `layers.cases.timing`.

    Args:
        session: An open session.
        actor: Who publishes.
        folder: Holds departments, matters, rules, limits, paths and settings as .csv.
        tree: The city.
        since: From when it holds; now if not given. Only a city's first catalogue may begin in the past.
        reason: Why, for the record.

    Raises:
        BadInput: A file or a column is missing, or anything in the files is at fault; all faults are in `values`.
        Conflict: It would hold at a time for which cases came in under another one.
    """
    faults = Faults()
    tables = read_tables(folder, faults)
    areas = _ids(session, Area.code, Area.id, Area.tree == tree)
    calendars = _ids(session, Calendar.name, Calendar.id, Calendar.tree == tree)
    check_whole(tables, faults, areas=areas, calendars=calendars, other_codes=_other_codes(session, tree, tables))
    faults.refuse()
    options = {"folder": folder.name, "since": since.isoformat() if since else None}
    summary = open_batch(session, actor, kind="catalogue", dataset=tree, file=folder.name, options=options)
    departments = _store_departments(session, tree, tables, areas, summary)
    matters = _store_matters(session, tree, tables, summary)
    begins = _end_the_one_before(session, tree, since)
    catalogue = Catalogue(
        tree=tree,
        version=1 + (session.scalar(select(func.max(Catalogue.version)).where(Catalogue.tree == tree)) or 0),
        valid=Range(begins, None),
        calendar_id=calendars[tables.settings["calendar"].values["value"] or ""],
        most_returns=int(float(tables.settings["most_returns"].values["value"] or "")),
        reason=reason,
        actor=actor.name,
    )
    session.add(catalogue)
    session.flush()
    _store_rules(session, catalogue.id, tables, matters, departments)
    summary.read = tables.rows
    summary.stored += len(tables.rules) + len(tables.limits) + len(tables.paths) + len(tables.settings)
    summary.already_there = summary.read - summary.stored - summary.changed
    summary.facts = {"version": catalogue.version, "valid_from": begins.isoformat()}
    summary.remarks.append(f"Version {catalogue.version} of the catalogue holds from {begins.isoformat()}.")
    close_batch(session, summary)
    return summary


def _ids(session: Session, name: Any, id_: Any, *where: Any) -> Ids:
    return dict(session.execute(select(name, id_).where(*where)).all())


def _other_codes(session: Session, tree: str, tables: Tables) -> Mapping[str, str]:
    named = {(line.get("standard"), line.get("code")) for line in tables.matters}
    stored = session.execute(
        select(Matter.code, Matter.standard).where(Matter.tree == tree, Matter.same_as.is_(None))
    ).all()
    return {code: standard for code, standard in stored if (standard, code) not in named}


def _end_the_one_before(session: Session, tree: str, since: datetime | None) -> datetime:
    # No version comes to hold for a moment that a case came in by another one.
    keep_reports_away(session, tree)
    now = datetime.now(UTC)
    newest = session.scalar(select(Catalogue).where(Catalogue.tree == tree).order_by(Catalogue.version.desc()).limit(1))
    begins = since or now
    if newest is None:
        return begins
    if begins < now or begins <= newest.valid.lower:
        raise Conflict(
            "catalogue_too_early",
            f"Version {newest.version} holds from {newest.valid.lower.isoformat()} on, and the rules that held when a "
            "case came in hold for it to its end; let this one begin later than that, and not in the past.",
            field="valid_from",
            value=begins.isoformat(),
        )
    session.execute(update(Catalogue).where(Catalogue.id == newest.id).values(valid=Range(newest.valid.lower, begins)))
    return begins


def _store_departments(session: Session, tree: str, tables: Tables, areas: Ids, summary: Summary) -> Ids:
    rows = [
        {
            "tree": tree,
            **{name: line.get(name) for name in ("code", "name_zh", "name_en", "phone")},
            "area_id": areas.get(line.get("area") or ""),
        }
        for line in tables.departments
    ]
    _add(summary, upsert(session, Department, ("tree", "code"), rows))
    return _ids(session, Department.code, Department.id, Department.tree == tree)


def _store_matters(session: Session, tree: str, tables: Tables, summary: Summary) -> Ids:
    """The ids of the matters that nothing replaced, by code; what they replaced is stored after them."""
    key = ("tree", "standard", "code")
    current = [_matter(tree, line, {}) for line in tables.matters if not line.get("same_as")]
    _add(summary, upsert(session, Matter, key, current))
    ids = _ids(session, Matter.code, Matter.id, Matter.tree == tree, Matter.same_as.is_(None))
    replaced = [_matter(tree, line, ids) for line in tables.matters if line.get("same_as")]
    _add(summary, upsert(session, Matter, key, replaced))
    return ids


def _add(summary: Summary, of_table: tuple[int, int]) -> None:
    stored, changed = of_table
    summary.stored += stored
    summary.changed += changed


def _matter(tree: str, line: Line, ids: Ids) -> dict[str, Any]:
    named = ("standard", "code", "name_zh", "name_en", "class_zh", "class_en")
    same_as = line.get("same_as")
    return {
        "tree": tree,
        **{name: line.get(name) for name in named},
        "same_as": None if same_as is None else ids[same_as],
    }


def _store_rules(session: Session, catalogue_id: int, tables: Tables, matters: Ids, departments: Ids) -> None:
    def pattern(line: Line) -> dict[str, Any]:
        return {
            "catalogue_id": catalogue_id,
            "matter_id": matters[line.get("matter") or ""] if line.get("matter") else None,
            "urgency": line.get("urgency"),
            "place_class": line.get("place"),
            "source": line.get("source"),
        }

    rules = [
        {
            **pattern(line),
            "department_id": departments[line.get("department") or ""] if line.get("department") else None,
            "assisting": [departments[code] for code in (line.get("assisting") or "").split()],
            "skill": line.get("skill"),
            "same_within_m": float(line.get("same_within_m") or 0),
            "same_within_h": float(line.get("same_within_h") or 0),
        }
        for line in tables.rules
    ]
    limits = [
        {
            **pattern(line),
            **{name: line.get(name) for name in ("stage", "milestone", "unit")},
            "amount": float(line.get("amount") or 0),
        }
        for line in tables.limits
    ]
    paths = [
        {"catalogue_id": catalogue_id, "source": line.get("source"), "path": line.get("path")} for line in tables.paths
    ]
    for table, rows in ((ServiceRule, rules), (TimeLimit, limits), (IntakePath, paths)):
        if rows:
            session.execute(insert(table), rows)
