"""`gridkeeper map …`: maps as single pages that need nothing else, and what they show as layers for other programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import folium
import pandas as pd
import typer
from sqlalchemy.orm import Session

from api.cli.ask import SchemeName
from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.writers import write_layer
from layers import features
from layers.grids.schemes import DEFAULT_SCHEME, scheme_named
from layers.hotspots import export
from layers.hotspots.asking import BANDWIDTH_M, Asked, Per
from layers.hotspots.by_grid import ALPHA, Judging, Statistic, Value, grids_told, judged
from layers.hotspots.clusters import LEAST, WITHIN_M, clusters
from layers.hotspots.density import density_told, surfaces_of
from layers.hotspots.steps import Step
from layers.hotspots.weekly import emerging_told
from layers.reach.asking import MINUTES, SPEED_KMH
from layers.reach.asking import Asked as Walk
from layers.reach.bands import bands
from layers.reach.frames import ReachLayer, layer_of, table_of
from layers.reach.sites import MOST_SITES
from layers.reach.sites import sites as best_sites
from layers.reach.telling import reach
from layers.reach.ways import streets
from maps.cases import cases_map
from maps.hotspots import clusters_map, density_map, emerging_map, significance_map
from maps.reach import reach_map

app = typer.Typer(no_args_is_help=True, help="Write a map as one page that needs nothing else, or as a layer.")

_DAY = "%Y-%m-%d"
Page = Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")]
File = Annotated[
    Path, typer.Option("-o", "--output", help="File to write: .html is a page, .geojson, .gpkg, .csv a layer.")
]
Lang = Annotated[str, typer.Option(help="Language of a page: zh or en.")]
First = Annotated[datetime | None, typer.Option("--from", formats=[_DAY], help="First day; 13 weeks if not given.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=[_DAY], help="Last day; today if not given.")]
Matter = Annotated[str | None, typer.Option(help="Code or category of the matter, or two digits of a large class.")]
Hours = Annotated[str | None, typer.Option(help="Hours of the day, like 22-6.")]
Every = Annotated[Step | None, typer.Option(help="One picture for each of these.")]
Alpha = Annotated[float, typer.Option(help="Share of false discoveries that is borne.")]


@app.command("cases")
def cases(context: typer.Context, output: Page, scheme: SchemeName = DEFAULT_SCHEME, lang: Lang = "zh") -> None:
    """Cases by state, grids by their number of cases."""
    out = output_of(context)
    with Session(service_engine(out, long=True)) as session:
        page = cases_map(
            features.frame(session, "grids", filters={"scheme": scheme}),
            features.frame(session, "cases", filters={"scheme": scheme}),
            lang=lang,
            time_zone=scheme_named(session, scheme).time_zone,
        )
    page.save(str(output))
    _told(out, "cases", output)


@app.command("hotspots")
def hotspots(
    context: typer.Context,
    output: File,
    scheme: SchemeName = DEFAULT_SCHEME,
    first: First = None,
    last: Last = None,
    matter: Matter = None,
    hours: Hours = None,
    per: Annotated[Per, typer.Option(help="By ground, or by what is built there.")] = "km2",
    bandwidth: Annotated[float, typer.Option(help="Standard deviation of the kernel in metres.")] = BANDWIDTH_M,
    step: Every = None,
    lang: Lang = "zh",
) -> None:
    """How densely cases lie."""
    out, asked = output_of(context), _asked(scheme, first, last, matter, hours)
    with Session(service_engine(out, long=True)) as session:
        found = surfaces_of(session, asked, per=per, bandwidth_m=bandwidth, step=step)
        answer = density_told(found)
        _write(
            output,
            page=lambda: density_map(export.ground_frame(session, answer), answer, lang=lang),
            layer=lambda: export.cells_table(found) if output.suffix.lower() == ".csv" else export.bands(found),
        )
    _told(out, "hotspots", output)


@app.command("significance")
def significance(
    context: typer.Context,
    output: File,
    scheme: SchemeName = DEFAULT_SCHEME,
    first: First = None,
    last: Last = None,
    matter: Matter = None,
    hours: Hours = None,
    statistic: Annotated[Statistic, typer.Option(help="Getis-Ord Gi* or local Moran.")] = "gi",
    value: Annotated[Value, typer.Option(help="What is compared.")] = "count",
    alpha: Alpha = ALPHA,
    permutations: Annotated[int, typer.Option(help="How often values are shuffled; 0 for the normal curve.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="By what they are shuffled.")] = 0,
    step: Every = None,
    lang: Lang = "zh",
) -> None:
    """Which grids have more cases, or fewer, than chance would bring together."""
    out, asked = output_of(context), _asked(scheme, first, last, matter, hours)
    judging = Judging(statistic=statistic, value=value, alpha=alpha, permutations=permutations, seed=seed, step=step)
    with Session(service_engine(out, long=True)) as session:
        answer = grids_told(judged(session, asked, judging))
        _write(
            output,
            page=lambda: significance_map(export.ground_frame(session, answer), answer, lang=lang),
            layer=lambda: export.grids_frame(session, answer),
        )
    _told(out, "significance", output)


@app.command("clusters")
def clusters_(
    context: typer.Context,
    output: File,
    scheme: SchemeName = DEFAULT_SCHEME,
    first: First = None,
    last: Last = None,
    matter: Matter = None,
    hours: Hours = None,
    within: Annotated[float, typer.Option(help="How near two cases of a crowd lie, in metres.")] = WITHIN_M,
    least: Annotated[int, typer.Option(help="How many cases that near make a core.")] = LEAST,
    lang: Lang = "zh",
) -> None:
    """Where cases crowd, as outlines."""
    out, asked = output_of(context), _asked(scheme, first, last, matter, hours)
    with Session(service_engine(out, long=True)) as session:
        answer = clusters(session, asked, within_m=within, least=least)
        _write(
            output,
            page=lambda: clusters_map(export.ground_frame(session, answer), answer, lang=lang),
            layer=lambda: export.clusters_frame(answer),
        )
    _told(out, "clusters", output)


@app.command("emerging")
def emerging(
    context: typer.Context,
    output: File,
    scheme: SchemeName = DEFAULT_SCHEME,
    first: First = None,
    last: Last = None,
    matter: Matter = None,
    hours: Hours = None,
    weeks: Annotated[int | None, typer.Option(help="Weeks up to the last day; the period's if not given.")] = None,
    alpha: Alpha = ALPHA,
    lang: Lang = "zh",
) -> None:
    """How the hot spots of the grids came about, week by week."""
    out, asked = output_of(context), _asked(scheme, first, last, matter, hours)
    with Session(service_engine(out, long=True)) as session:
        answer = emerging_told(session, asked, weeks=weeks, alpha=alpha)
        _write(
            output,
            page=lambda: emerging_map(export.ground_frame(session, answer), answer, lang=lang),
            layer=lambda: export.grids_frame(session, answer),
        )
    _told(out, "emerging", output)


@app.command("reach")
def reach_(
    context: typer.Context,
    output: File,
    scheme: SchemeName = DEFAULT_SCHEME,
    service: Annotated[str | None, typer.Option(help="Which service; any if not given.")] = None,
    minutes: Annotated[float, typer.Option(help="How long a walk may be.")] = MINUTES,
    speed_kmh: Annotated[float, typer.Option(help="How fast people walk.")] = SPEED_KMH,
    join_m: Annotated[float, typer.Option(help="Join streets that cross, and ends this near another street.")] = 0.0,
    sites: Annotated[int, typer.Option(min=0, max=MOST_SITES, help="How many more stations are proposed.")] = 3,
    layer: Annotated[ReachLayer, typer.Option(help="What a layer for other programs holds.")] = "grids",
    lang: Lang = "zh",
) -> None:
    """Who has a service within a walk, and where one more would help."""
    out = output_of(context)
    asked = Walk(scheme=scheme, service=service, minutes=minutes, speed_kmh=speed_kmh, join_m=join_m)
    with Session(service_engine(out, long=True)) as session:

        def page() -> folium.Map:
            answer = reach(session, asked)
            return reach_map(
                table_of(session, answer, "grids"),
                answer,
                bands=bands(session, asked),
                streets=streets(session, asked),
                sites=best_sites(session, asked, k=sites) if sites else None,
                lang=lang,
            )

        _write(output, page=page, layer=lambda: layer_of(session, asked, layer, k=sites))
    _told(out, "reach", output)


def _asked(scheme: str, first: datetime | None, last: datetime | None, matter: str | None, hours: str | None) -> Asked:
    since, until = (day and day.date() for day in (first, last))
    return Asked(scheme=scheme, first=since, last=until, matter=matter, hours=hours)


def _write(output: Path, *, page: Callable[[], folium.Map], layer: Callable[[], pd.DataFrame]) -> None:
    """A page or a layer, as the ending of the file says."""
    if output.suffix.lower() == ".html":
        page().save(str(output))
    else:
        write_layer(layer(), output)


def _told(out: Output, name: str, output: Path) -> None:
    out.show(f"Map written to {output}")
    out.result({"map": name, "file": str(output)})
