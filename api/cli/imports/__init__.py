"""`gridkeeper import`: shapes of the ground, and rows of tables."""

from __future__ import annotations

import typer

from api.cli.imports import catalogue, patrols, places, rows, shapes

app = typer.Typer(no_args_is_help=True, help="Bring in grids, areas, cases, staff, ground, rules and fixes.")
app.command("grids")(shapes.grids)
app.command("areas")(shapes.areas)
app.command("cases")(rows.cases)
app.command("staff")(rows.staff)
app.command("buildings")(shapes.buildings)
app.command("streets")(shapes.streets)
app.command("atoms")(shapes.atoms)
app.command("places")(places.places)
app.command("population")(places.population)
app.command("calendar")(catalogue.calendar)
app.command("catalogue")(catalogue.catalogue)
app.command("devices")(patrols.devices)
app.command("shifts")(patrols.shifts)
app.command("points")(patrols.points)
app.command("plans")(patrols.plans)
app.command("fixes")(patrols.fixes)
