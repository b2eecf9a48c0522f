"""Our layers as folium elements: the Python side of the scripts in `static/js`."""

from __future__ import annotations

from typing import Any

import folium
from branca.element import MacroElement
from folium.elements import JSCSSMixin
from folium.map import Layer
from folium.template import Template

from maps.assets import STATIC_URL
from maps.strings import t
from maps.styles import INK


def scripts(*names: str) -> list[tuple[str, str]]:
    """folium's (name, address) pairs of our own scripts."""
    return [(f"gk_{name}", f"{STATIC_URL}js/{name}.js") for name in names]


class GridMap(folium.Map):
    """A folium map without a background, that needs Leaflet and nothing else.

    Args:
        lang: Language of its buttons.
        label: Text that tells a screen reader what it shows.
        zoom_at: Corner of the zoom buttons.
    """

    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <div class="folium-map" id="{{ this.get_name() }}" role="application" aria-label="{{ this.label|e }}">
            </div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
                center: {{ this.location|tojson }}, zoom: 3, maxZoom: 19, zoomControl: false,
                fadeAnimation: false, attributionControl: false
            });
            L.control.zoom({{ this.zoom|tojson }}).addTo({{ this.get_name() }});
            L.control.scale({imperial: false, position: "bottomright"}).addTo({{ this.get_name() }});
        {% endmacro %}
        """
    )
    default_js = [  # noqa: RUF012 - declared so by folium
        ("leaflet", "leaflet"),
        *scripts("core", "times", "overlay", "patterns", "classes"),
    ]
    default_css = [("leaflet_css", "leaflet_css")]  # noqa: RUF012 - declared so by folium

    def __init__(self, *, lang: str, label: str = "map.label", zoom_at: str = "topleft") -> None:
        super().__init__(location=(0, 0), tiles=None)
        self.label = t(lang, label)
        texts = {"zoomInTitle": t(lang, "map.zoom_in"), "zoomOutTitle": t(lang, "map.zoom_out")}
        self.zoom = {"position": zoom_at, **texts}


class _ScriptLayer(JSCSSMixin, Layer):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = gridkeeper.{{ this.maker }}({{ this.options|tojson }});
        {% endmacro %}
        """
    )
    maker: str

    def __init__(self, *, name: str, show: bool = True, **options: object) -> None:
        super().__init__(name=name, overlay=True, control=False, show=show)
        self._name = type(self).__name__
        self.options = options


class GridLayer(_ScriptLayer):
    """Grids filled by their number of cases.

    Args:
        name: Name of the layer.
        data: Name of a payload of the figure with `grids` (GeoJSON) and `counts` (cases by grid number); None
            where the page's script sets them from the API.
    """

    maker = "gridLayer"
    default_js = scripts("grid-canvas", "grid-layer")

    def __init__(self, *, name: str, data: str | None = None) -> None:
        super().__init__(name=name, data=data)


class DrawnGrids(_ScriptLayer):
    """Grids exactly as they are stored, on a canvas that a planner draws on.

    Args:
        name: Name of the layer.
    """

    maker = "plannerCanvas"
    default_js = scripts("grid-canvas", "planner-canvas")


class CaseLayer(_ScriptLayer):
    """Cases as points and bins.

    Args:
        name: Name of the layer.
        data: Name of a payload of the figure with `cases` (GeoJSON points); None where the page's script
            gives the address of vector tiles.
    """

    maker = "caseLayer"
    default_js = scripts("stamps", "case-layer")

    def __init__(self, *, name: str, data: str | None = None) -> None:
        super().__init__(name=name, data=data)


class DispatchLayer(_ScriptLayer):
    """Open cases as marks that tell how soon each is due; the page's script gives it the cases.

    Args:
        name: Name of the layer.
    """

    maker = "dispatchLayer"
    default_js = scripts("stamps", "dispatch-clock", "dispatch-layer")


class TraceLayer(_ScriptLayer):
    """Traces of people with their stops, coloured by time; the page's script gives it the traces.

    Args:
        name: Name of the layer.
    """

    maker = "traceLayer"
    default_js = scripts("patrol-traces")


class UnvisitedLayer(_ScriptLayer):
    """Streets and buildings that nobody has been at; the page's script gives it the shapes.

    Args:
        name: Name of the layer.
    """

    maker = "unvisitedLayer"
    default_js = scripts("grid-canvas", "patrol-unvisited")


class PatrolMarks(_ScriptLayer):
    """Required points, and where people on shift are; the page's script gives it both.

    Args:
        name: Name of the layer.
    """

    maker = "patrolMarks"
    default_js = scripts("patrol-marks")


class BandLayer(_ScriptLayer):
    """Ground by the minutes that a walk from a station takes; the page's script gives it the bands.

    Args:
        name: Name of the layer.
    """

    maker = "bandLayer"
    default_js = scripts("grid-canvas", "reach-bands")


class WalkLayer(_ScriptLayer):
    """Streets by the minutes that a walk to the nearest station takes; the page's script gives it the streets.

    Args:
        name: Name of the layer.
    """

    maker = "walkLayer"
    default_js = scripts("grid-canvas", "reach-walks")


class ReachMarks(_ScriptLayer):
    """Stations, and places where one more would help; the page's script gives it both.

    Args:
        name: Name of the layer.
    """

    maker = "reachMarks"
    default_js = scripts("reach-marks")


class DensityLayer(_ScriptLayer):
    """A surface of density in classes; the page's script gives it the values.

    Args:
        name: Name of the layer.
    """

    maker = "densityLayer"
    default_js = scripts("hotspots-density")


class MarkedGrids(_ScriptLayer):
    """Grids with colours, patterns and outlines for what was found; the page's script gives it the looks.

    Args:
        name: Name of the layer.
    """

    maker = "markedGrids"
    default_js = scripts("grid-canvas", "grid-layer", "hotspots-grids")


class ClusterLayer(_ScriptLayer):
    """Outlines of clusters with their numbers; the page's script gives it the clusters.

    Args:
        name: Name of the layer.
    """

    maker = "clusterLayer"
    default_js = scripts("grid-canvas", "hotspots-clusters")


class ShapeTiles(_ScriptLayer):
    """An optional layer of areas, streets or buildings from vector tiles, off at first.

    Args:
        name: Name of the layer in the API.
        style: Colours and width: `fill`, `stroke`, `width`, `alpha`.
        min_zoom: Zoom below which it is not drawn.
    """

    maker = "shapeTiles"
    default_js = scripts("service", "mvt", "shape-tiles")

    def __init__(self, *, name: str, style: dict[str, Any], min_zoom: int = 0) -> None:
        super().__init__(name=name, show=False, layer=name, look=style, minZoom=min_zoom)


def shape_tiles() -> dict[str, ShapeTiles]:
    """Areas, streets and buildings as every page draws them, by name."""
    building = {"fill": INK["building"], "stroke": INK["building-line"], "width": 0.5}
    return {
        "areas": ShapeTiles(name="areas", style={"stroke": INK["area-line"], "width": 2}),
        "streets": ShapeTiles(name="streets", style={"stroke": INK["street"], "width": 1.5}, min_zoom=11),
        "buildings": ShapeTiles(name="buildings", style=building, min_zoom=14),
    }


class PageScript(JSCSSMixin):
    """The script that brings a page's map, layers and panels together.

    Args:
        names: Scripts to load, in order.
        call: Function of the `gridkeeper` object to call at the end.
        parts: Elements it is given, by name; a dict of elements becomes an object.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            gridkeeper.{{ this.call }}({{ this.arguments }});
        {% endmacro %}
        """
    )

    def __init__(self, *names: str, call: str, parts: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PageScript"
        self.default_js = scripts(*names)
        self.call = call
        self.parts = parts

    @property
    def arguments(self) -> str:
        """The parts as a JavaScript object of variables."""
        return _variables(self.parts)


def _variables(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_variables(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, MacroElement):
        return str(value.get_name())
    return f'"{value}"'
