"""All tables; importing this module fills `Base.metadata`."""

from data.base import Base
from data.tables.casework import (
    Case,
    CaseEvent,
    IdempotencyKey,
    ImportBatch,
    Placement,
    Quarantined,
)
from data.tables.catalogue import (
    Calendar,
    CalendarDay,
    Catalogue,
    Department,
    IntakePath,
    Matter,
    Precedent,
    ServiceRule,
    TimeLimit,
)
from data.tables.ground import Area, Boundary, Building, Grid, Scheme, SchemeVersion, Street
from data.tables.loop import CaseClock, Escalation, Letter, Photo, StaffPosition, Webhook
from data.tables.patrols import AsideFix, Device, OffShiftFix, Shift, StoredFix
from data.tables.people import Absence, Duty, Staff
from data.tables.planning import Atom, Draft, DraftCell, DraftEdit, DraftEvent, GridLineage

__all__ = [
    "Absence",
    "Area",
    "AsideFix",
    "Atom",
    "Base",
    "Boundary",
    "Building",
    "Calendar",
    "CalendarDay",
    "Case",
    "CaseClock",
    "CaseEvent",
    "Catalogue",
    "Department",
    "Device",
    "Draft",
    "DraftCell",
    "DraftEdit",
    "DraftEvent",
    "Duty",
    "Escalation",
    "Grid",
    "GridLineage",
    "IdempotencyKey",
    "ImportBatch",
    "IntakePath",
    "Letter",
    "Matter",
    "OffShiftFix",
    "Photo",
    "Placement",
    "Precedent",
    "Quarantined",
    "Scheme",
    "SchemeVersion",
    "ServiceRule",
    "Shift",
    "Staff",
    "StaffPosition",
    "StoredFix",
    "Street",
    "TimeLimit",
    "Webhook",
]
