"""What and whom a form of the dispatch centre can name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Department, Matter, Staff
from data.tables.catalogue import URGENCIES
from layers.dispatch.cities import city
from layers.matters.held import ANY_PLACE, catalogue_of


def names(session: Session, tree: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The matters of a city as they are numbered today, its departments, and its people.

    With each matter goes how near and how close in time open cases may be the same.

    Args:
        session: An open session.
        tree: The city; that of the scheme which takes reports if not given.

    Raises:
        NotFound: `unknown_tree`.
    """
    tree = city(session, tree)
    matters = (
        select(Matter.id, Matter.standard, Matter.code, Matter.name_zh.label("zh"), Matter.name_en.label("en"))
        .where(Matter.tree == tree, Matter.same_as.is_(None))
        .order_by(Matter.standard, Matter.code)
    )
    departments = (
        select(Department.code, Department.name_zh.label("zh"), Department.name_en.label("en"))
        .where(Department.tree == tree)
        .order_by(Department.code)
    )
    staff = select(Staff.staff_no, Staff.name).where(Staff.tree == tree).order_by(Staff.staff_no)
    asked = {"matters": matters, "departments": departments, "staff": staff}
    found = {what: [dict(row) for row in session.execute(rows).mappings()] for what, rows in asked.items()}
    catalogue = catalogue_of(session, tree)
    for one in found["matters"]:
        rule = catalogue.rule(one["id"], URGENCIES[0], ANY_PLACE) if catalogue else None
        one |= {"same_within_m": rule.same_within_m if rule else 0, "same_within_h": rule.same_within_h if rule else 0}
        del one["id"]
    return found
