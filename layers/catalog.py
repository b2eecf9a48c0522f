"""The catalogue of layers: what each one is called, where it comes from, what may be asked of it. Data, not code."""

from __future__ import annotations

from dataclasses import dataclass, field

from layers.errors import NotFound


@dataclass(frozen=True)
class Filter:
    """A condition a caller may set by naming its parameter.

    Attributes:
        sql: The condition, with the parameter as `:name`.
        kind: 'text' or 'instant'.
        otherwise: The condition that holds when the parameter is not given, if any.
    """

    sql: str
    kind: str = "text"
    otherwise: str | None = None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A theme on the map. The table that carries id and geometry has the alias `l` in `source`.

    Attributes:
        name: Name in URLs and on the command line.
        title: Title by language.
        geometry_type: GeoJSON geometry type.
        source: SQL after FROM.
        properties: Property name to SQL expression.
        tile_source: A shorter source for vector tiles, which carry few properties.
        tile_properties: Names of the properties that tiles carry.
        binned: Whether crowded points are counted into bins at low zoom.
        filters: Parameter name to condition.
    """

    name: str
    title: dict[str, str]
    geometry_type: str
    source: str
    properties: dict[str, str]
    tile_source: str | None = None
    tile_properties: tuple[str, ...] = ()
    binned: bool = False
    filters: dict[str, Filter] = field(default_factory=dict)


_IN_CITY = Filter("l.tree = (SELECT tree FROM schemes WHERE name = :scheme)")
_IN_TREE = Filter("l.tree = :tree")
# A case belongs to every scheme in which it has a place. The scheme is looked up beforehand, so that pages walk the
# cases in the order of their ids and find each place by its key.
_PLACED_IN = Filter(
    """EXISTS (
        SELECT FROM placements q WHERE q.case_id = l.id
            AND q.scheme_id = (SELECT id FROM schemes WHERE name = :scheme)
    )"""
)

_AREAS = Layer(
    name="areas",
    title={"zh": "行政区域", "en": "Areas"},
    geometry_type="MultiPolygon",
    source="areas l LEFT JOIN areas up ON up.id = l.parent_id",
    properties={
        "tree": "l.tree",
        "level": "l.level",
        "code": "l.code",
        "name": "l.name",
        "parent_code": "up.code",
    },
    tile_properties=("level", "code", "name"),
    filters={"scheme": _IN_CITY, "tree": _IN_TREE, "level": Filter("l.level = :level")},
)

_GRIDS = Layer(
    name="grids",
    title={"zh": "网格", "en": "Grids"},
    geometry_type="MultiPolygon",
    source="""boundaries l JOIN grids g ON g.id = l.grid_id JOIN schemes s ON s.id = l.scheme_id
        LEFT JOIN areas a ON a.id = g.area_id
        LEFT JOIN LATERAL (
            SELECT st.name, st.phone FROM duties d JOIN staff st ON st.id = d.staff_id
            WHERE d.grid_id = g.id AND d.leads AND d.valid @> now() ORDER BY d.id LIMIT 1
        ) lead ON true""",
    properties={
        "scheme": "s.name",
        "grid_no": "g.grid_no",
        "code": "g.code",
        "name": "g.name",
        "area_code": "a.code",
        "area_name": "a.name",
        "lead": "lead.name",
        "lead_phone": "lead.phone",
        "version": "l.version",
        "valid_from": "lower(l.valid)",
        "valid_to": "upper(l.valid)",
        "area_m2": "round(l.area_m2)",
    },
    tile_properties=("grid_no", "code", "name"),
    filters={
        "scheme": Filter("s.name = :scheme"),
        "at": Filter("l.valid @> CAST(:at AS timestamptz)", "instant", "l.valid @> now()"),
    },
)

_CASES = Layer(
    name="cases",
    title={"zh": "案件", "en": "Cases"},
    geometry_type="Point",
    source="""cases l JOIN schemes s ON s.id = l.scheme_id
        LEFT JOIN placements p ON p.case_id = l.id AND p.routing
        LEFT JOIN grids g ON g.id = COALESCE(p.override_grid_id, p.grid_id)
        LEFT JOIN grids second ON second.id = p.second_grid_id
        LEFT JOIN grids nearest ON nearest.id = p.nearest_grid_id""",
    properties={
        "number": "l.id::text",
        "dataset": "l.dataset",
        "source_id": "l.source_id",
        "scheme": "s.name",
        "state": "l.state",
        "queue_reason": "l.queue_reason",
        "category": "l.category",
        "occurred_at": "l.occurred_at",
        "received_at": "l.received_at",
        "grid_code": "g.code",
        "grid_name": "g.name",
        "near_border": "p.near_border",
        "edge_distance_m": "p.edge_distance_m",
        "second_grid_code": "second.code",
        "nearest_grid_code": "nearest.code",
        "outside_m": "p.outside_m",
    },
    tile_source="""cases l JOIN schemes s ON s.id = l.scheme_id
        LEFT JOIN placements p ON p.case_id = l.id AND p.routing""",
    tile_properties=("number", "state", "category", "near_border"),
    binned=True,
    filters={
        "scheme": _PLACED_IN,
        "dataset": Filter("l.dataset = :dataset"),
        "state": Filter("l.state = :state"),
        "category": Filter("l.category = :category"),
        "from": Filter("l.occurred_at >= :from", "instant"),
        "to": Filter("l.occurred_at < :to", "instant"),
    },
)

_BUILDINGS = Layer(
    name="buildings",
    title={"zh": "建筑", "en": "Buildings"},
    geometry_type="MultiPolygon",
    source="buildings l",
    properties={
        "source_id": "l.source_id",
        "name": "l.name",
        "address": "l.address",
        "households": "l.households",
        "people": "l.people",
    },
    tile_properties=("name", "households", "people"),
    filters={"scheme": _IN_CITY, "tree": _IN_TREE},
)

_STREETS = Layer(
    name="streets",
    title={"zh": "街道", "en": "Streets"},
    geometry_type="MultiLineString",
    source="streets l",
    properties={"source_id": "l.source_id", "name": "l.name", "kind": "l.kind"},
    tile_properties=("name", "kind"),
    filters={"scheme": _IN_CITY, "tree": _IN_TREE},
)

_PLACES = Layer(
    name="places",
    title={"zh": "服务点", "en": "Places of services"},
    geometry_type="Point",
    source="places l",
    properties={"source_id": "l.source_id", "name": "l.name", "service": "l.service"},
    tile_properties=("name", "service"),
    filters={"scheme": _IN_CITY, "tree": _IN_TREE, "service": Filter("l.service = :service")},
)

LAYERS = {layer.name: layer for layer in (_AREAS, _GRIDS, _CASES, _BUILDINGS, _STREETS, _PLACES)}


def layer_named(name: str) -> Layer:
    """The layer of that name.

    Raises:
        NotFound: There is none; the sentence lists those there are.
    """
    if name not in LAYERS:
        raise NotFound(
            "unknown_layer",
            f"There is no layer named '{name}'. Known: {', '.join(LAYERS)}.",
            field="layer",
            value=name,
        )
    return LAYERS[name]
