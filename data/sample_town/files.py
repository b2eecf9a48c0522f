"""A sample town as files, in the formats that `gridkeeper import` reads."""

from __future__ import annotations

import shutil
from pathlib import Path

from data.matters import SAMPLE_CATALOGUE
from data.sample_town import Town


def write_files(town: Town, folder: Path) -> list[Path]:
    """Write a town: one GeoPackage with a layer for each level, scheme and theme, and tables as CSV.

    Args:
        town: What `generate` made.
        folder: An empty or new folder.

    Returns:
        The files: ground.gpkg, staff.csv, duties.csv, absences.csv, calendar.csv, cases.csv; and the folder catalogue.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ground = folder / "ground.gpkg"
    layers = {str(level): frame for level, frame in town.areas.groupby("level", sort=False)}
    layers |= town.schemes | {"buildings": town.buildings, "streets": town.streets, "places": town.stations}
    for name, frame in layers.items():
        frame.to_file(ground, layer=name, driver="GPKG")
    tables = {"staff": town.people.staff, "duties": town.people.duties, "absences": town.people.absences}
    tables["calendar"] = town.calendar
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    cases = folder / "cases.csv"
    for number, frame in enumerate(town.reports()):
        frame.to_csv(cases, index=False, header=number == 0, mode="a" if number else "w")
    catalogue = shutil.copytree(SAMPLE_CATALOGUE, folder / "catalogue")
    return [ground, *(folder / f"{name}.csv" for name in tables), cases, catalogue]
