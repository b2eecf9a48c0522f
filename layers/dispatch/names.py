"""What and whom a form of the dispatch centre can name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.tables import Department, Matter, Staff
from layers.dispatch.cities import city


def names(session: Session, tree: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The matters of a city as they are numbered today, its departments, and its people.

    Args:
        session: An open session.
        tree: The city; that of the scheme which takes reports if not given.

    Raises:
        NotFound: `unknown_tree`.
    """
    tree = city(session, tree)
    matters = (
        select(Matter.standard, Matter.code, Matter.name_zh.label("zh"), Matter.name_en.label("en"))
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
    return {what: [dict(row) for row in session.execute(rows).mappings()] for what, rows in asked.items()}
