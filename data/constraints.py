"""The border at which a broken constraint becomes a named error; the database's own words stay behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import errorcodes
from sqlalchemy.exc import IntegrityError

from data.errors import BrokenRule

SENTENCES = {
    "uq_areas_tree_code": "An area with this code is there already.",
    "uq_schemes_name": "A scheme with this name is there already.",
    "uq_grids_scheme_id_code": "The scheme has a grid with this code already.",
    "uq_grids_scheme_id_grid_no": "The scheme has a grid with this number already.",
    "uq_staff_tree_staff_no": "A person with this staff number is there already.",
    "uq_duties_staff_id_grid_id_area_id_role_valid": "The person has this duty in this period already.",
    "uq_absences_staff_id_valid": "This absence is recorded already.",
    "uq_buildings_tree_source_id": "A building with this source id is there already.",
    "uq_streets_tree_source_id": "A street with this source id is there already.",
    "uq_places_tree_source_id": "A place with this source id is there already.",
    "uq_atoms_tree_source_id": "A block with this source id is there already.",
    "uq_cases_source_id_dataset_tree": "A case with this source id is there already.",
    "uq_calendars_tree_name": "A calendar with this name is there already.",
    "uq_departments_tree_code": "A department with this code is there already.",
    "uq_matters_tree_standard_code": "A matter with this code of this standard is there already.",
    "uq_catalogues_tree_version": "Somebody else published this version of the catalogue; look at it first.",
    "uq_service_rules_once": "The catalogue has two rules for the same matter, urgency and place.",
    "uq_time_limits_once": "The catalogue has two limits for the same matter, urgency, place, step and milestone.",
    "uq_devices_tree_label": "The city has a device of this label already.",
    "uq_devices_secret_hash": "Another device has this secret already.",
    "uq_patrol_days_device_id_day_staff_id": "Somebody else summarised the day of this device.",
    "uq_shifts_device_id_valid": "The device has a shift in this period already.",
    "uq_required_points_tree_label": "The city has a required point of this label already.",
    "uq_patrol_plans_tree_label": "The city has a planned patrol of this label already.",
    "ex_catalogues_one_at_a_time": "A city cannot have two catalogues at the same time.",
    "ex_boundaries_one_at_a_time": "A grid cannot have two boundaries at the same time.",
    "ex_shifts_one_at_a_time": "A device cannot be on two shifts at the same time.",
    "ex_scheme_versions_one_at_a_time": "A scheme cannot have two versions at the same time.",
}
"""Constraint name -> plain sentence, for the rules that two people at once can break."""


@contextmanager
def named_constraints() -> Iterator[None]:
    """Turn a broken constraint inside the block into a `BrokenRule`.

    Raises:
        BrokenRule: `already_there` for the rules in `SENTENCES`, `append_only` for a change of the record,
            `rule_broken` for any other; `values` holds the constraint's name.
    """
    try:
        yield
    except IntegrityError as error:
        raise _named(error) from error


def _named(error: IntegrityError) -> BrokenRule:
    if getattr(error.orig, "pgcode", None) == errorcodes.RESTRICT_VIOLATION:
        return BrokenRule("append_only", "The record is only ever added to; it cannot be changed or deleted.")
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    values = {"constraint": name}
    if name in SENTENCES:
        return BrokenRule("already_there", SENTENCES[name], values=values)
    return BrokenRule(
        "rule_broken", f"What was to be stored breaks the rule '{name}'; nothing was stored.", values=values
    )
