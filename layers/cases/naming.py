"""Who and what the fields of a step name: looked up in the case's own city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.tables import Department, Photo, Staff
from gis.errors import BadInput
from layers.cases.effects import Owner
from layers.cases.fields import OwnerName


def looked_up(session: Session, case_id: int, tree: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a step with an `Owner` for everybody who is named; at most a statement for each kind.

    Raises:
        BadInput: `unknown_staff`, `unknown_department`, `unknown_photo`.
    """
    people: dict[str, OwnerName] = {name: fields[name] for name in ("owner", "right_owner") if name in fields}
    if "staff" in fields:
        people["staff"] = OwnerName(staff_no=fields["staff"])
    units: list[str] = fields.get("assisting", [])
    staff = _staff(session, tree, [one.staff_no for one in people.values() if one.staff_no])
    departments = _departments(session, tree, [*units, *(one.department for one in people.values() if one.department)])

    def owner(field: str, name: OwnerName) -> Owner:
        found = staff.get(name.staff_no or "") or departments.get(name.department or "")
        if found is not None:
            return found
        if name.staff_no is not None:
            detail = f"The city has nobody of the staff number {name.staff_no}."
            raise BadInput("unknown_staff", detail, field=field, value=name.staff_no)
        detail = f"The city has no department of the code {name.department}."
        raise BadInput("unknown_department", detail, field=field, value=name.department)

    if "photos" in fields:
        _require_photos(session, case_id, fields["photos"])
    found = {**fields, **{field: owner(field, name) for field, name in people.items()}}
    if units:
        found["assisting"] = [owner("assisting", OwnerName(department=code)) for code in units]
    return found


def _staff(session: Session, tree: str, numbers: Sequence[str]) -> dict[str, Owner]:
    if not numbers:
        return {}
    one = Staff
    rows = session.execute(
        select(one.id, one.staff_no, one.name).where(one.tree == tree, one.staff_no == func.any(list(numbers)))
    )
    return {
        row.staff_no: Owner({"staff_id": row.id, "staff_no": row.staff_no, "name": row.name}, staff_id=row.id)
        for row in rows
    }


def _departments(session: Session, tree: str, codes: Sequence[str]) -> dict[str, Owner]:
    if not codes:
        return {}
    one = Department
    rows = session.execute(
        select(one.id, one.code, one.name_zh, one.name_en).where(one.tree == tree, one.code == func.any(list(codes)))
    )
    return {
        row.code: Owner(
            {"department_id": row.id, "department": row.code, "zh": row.name_zh, "en": row.name_en},
            department_id=row.id,
        )
        for row in rows
    }


def _require_photos(session: Session, case_id: int, photos: Sequence[str]) -> None:
    asked = select(Photo.sha256).where(Photo.case_id == case_id, Photo.sha256 == func.any(list(photos)))
    lost = sorted(set(photos) - set(session.scalars(asked)))
    if lost:
        raise BadInput(
            "unknown_photo", f"The case has no photo {lost[0]}; send the photo first.", field="photos", value=lost[0]
        )
