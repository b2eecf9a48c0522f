"""`gridkeeper import places` and `population`: where services are, and how many people live around them."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.imports.shapes import Named, SourceId, import_shapes, read_shapes
from api.cli.imports.speech import Columns, Crs, Datum, Encoding, File, LayerName, Tree, tell
from api.cli.imports.tables import import_table
from api.cli.output import output_of
from api.cli.service import service_engine
from data.readers.columns import named_columns
from data.readers.rows import holds_shapes
from data.session import unit_of_work
from layers.reach.places import PLACES, places_table, with_service
from layers.reach.population import PEOPLE, spread_population


def places(
    context: typer.Context,
    file: File,
    tree: Tree,
    service: Annotated[str | None, typer.Option(help="Service of rows that name none: station, clinic, …")] = None,
    id_: SourceId = None,
    name: Named = None,
    service_column: Annotated[str | None, typer.Option(help="Column with the service, else service.")] = None,
    lon: Annotated[str | None, typer.Option(help="Of a table: longitude or easting, else lon.")] = None,
    lat: Annotated[str | None, typer.Option(help="Of a table: latitude or northing, else lat.")] = None,
    columns: Columns = None,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
) -> None:
    """Import places of services, from a table with positions in a declared datum, or from points of a vector file."""
    out = output_of(context)
    shaped = {"id": id_, "name": name, "service": service_column}
    if holds_shapes(file):
        named = named_columns(shaped, columns)
        frame = read_shapes(out, file, layer=layer, usual=PLACES.table, crs=crs, encoding=encoding)
        frame = with_service(frame, named.get("service", "service"), service)
        import_shapes(out, file, frame, PLACES, tree, named, datum)
        return
    table = places_table(datum=datum, service=service)
    named = {"id": "source_id"} | named_columns({**shaped, "lon": lon, "lat": lat, "datum": None}, columns)
    tell(out, import_table(out, file, table, tree, named, "UTC", encoding))


def population(
    context: typer.Context,
    file: File,
    tree: Tree,
    people: Annotated[str, typer.Option(help="Column with the people of each cell.")] = PEOPLE,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
    datum: Datum = None,
) -> None:
    """Spread people counted by cells of a raster over the buildings in which nobody counted any."""
    out = output_of(context)
    frame = read_shapes(out, file, layer=layer, crs=crs, encoding=encoding)
    with unit_of_work(service_engine(out, long=True)) as session:
        summary = spread_population(session, out.actor, frame, tree=tree, column=people, datum=datum, file=file.name)
    facts = summary.facts
    out.show(
        f"{facts['people_given']} of {facts['people']} people went to {facts['buildings_given']} buildings; "
        f"{facts['people_without_building']} live in cells without a building."
    )
    tell(out, summary)
