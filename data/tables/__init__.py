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
from data.tables.ground import Area, Boundary, Building, Grid, Scheme, SchemeVersion, Street
from data.tables.people import Absence, Duty, Staff
from data.tables.planning import Atom, Draft, DraftCell, DraftEdit, DraftEvent, GridLineage

__all__ = [
    "Absence",
    "Area",
    "Atom",
    "Base",
    "Boundary",
    "Building",
    "Case",
    "CaseEvent",
    "Draft",
    "DraftCell",
    "DraftEdit",
    "DraftEvent",
    "Duty",
    "Grid",
    "GridLineage",
    "IdempotencyKey",
    "ImportBatch",
    "Placement",
    "Quarantined",
    "Scheme",
    "SchemeVersion",
    "Staff",
    "Street",
]
