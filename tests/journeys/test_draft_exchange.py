"""A draft goes out as a GeoPackage, is edited as in a drawing program, and comes back as one edit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon
from shapely.geometry import shape

from data.session import unit_of_work
from layers.actor import Actor
from layers.rezoning import drafts, editing, reading
from tests.cluster import Database
from tests.journeys.commands import gridkeeper_within
from tests.plans_of_town import SCHEME, merge_top, move_corner, split_first, take_plan_scheme
from tests.town import at, squares

WANG = Actor("wang", ("planner",))


@pytest.fixture
def draft(town: Database) -> int:
    """A draft whose corner lies where seven decimals do not reach, with P01 split."""
    with unit_of_work(town.owner) as session:
        take_plan_scheme(session)
    with unit_of_work(town.app) as session:
        number = drafts.create(session, WANG, scheme=SCHEME, name="Summer").id
        editing.save_edit(session, WANG, number, move_corner(2.1, 2.3), revision=1)
        editing.save_edit(session, WANG, number, split_first(name="Pier"), revision=2)
    return number


@pytest.fixture
def file(town: Database, draft: int, tmp_path: Path) -> Path:
    """The draft as a GeoPackage."""
    told = gridkeeper_within(town, "draft", "export", draft, "-o", tmp_path / "draft.gpkg")
    assert (told.code, told.facts["grids"]) == (0, 9)
    return tmp_path / "draft.gpkg"


def bits(town: Database, draft: int) -> dict[int, bytes]:
    with unit_of_work(town.app) as session:
        return {number: shapely.to_wkb(cell) for number, cell in drafts.opened(session, draft).ground.items()}


def redraw(file: Path, change: Callable[[dict[int, MultiPolygon]], None]) -> Path:
    """Edit the polygons of a file by their numbers, as a drawing program would."""
    frame = geopandas.read_file(file)
    cells = dict(zip(frame["grid_no"].tolist(), frame.geometry, strict=True))
    change(cells)
    frame["geometry"] = frame["grid_no"].map(cells)
    return written(frame[frame.geometry.notna()], file)


def written(frame: geopandas.GeoDataFrame, file: Path) -> Path:
    target = file.with_name("edited.gpkg")
    target.unlink(missing_ok=True)
    frame.to_file(target, layer="grids", engine="pyogrio")
    return target


def moved(cell: MultiPolygon, vertex: tuple[float, float], to: tuple[float, float]) -> MultiPolygon:
    """A polygon with one vertex elsewhere."""
    return shapely.transform(cell, lambda xy: [to if tuple(one) == vertex else tuple(one) for one in xy.tolist()])


def test_the_file_says_what_each_grid_is(town: Database, draft: int, file: Path):
    frame = geopandas.read_file(file).set_index("grid_no")
    assert frame.crs.to_epsg() == 4326
    assert frame.loc[1, ["code", "name", "status"]].tolist() == ["P01", "P01", "changed"]
    assert frame.loc[9, ["name", "status"]].tolist() == ["Pier", "new"]
    assert pd.isna(frame.loc[9, "code"])
    assert frame.loc[8, "status"] == "same"
    assert {number: shapely.to_wkb(cell) for number, cell in frame.geometry.items()} == bits(town, draft)
    with unit_of_work(town.app) as session:
        assert reading.detail(session, draft)["events"][-1]["kind"] == "exported"


def test_what_was_edited_comes_back_as_one_edit_and_the_rest_stays_bit_for_bit(town: Database, draft: int, file: Path):
    before = bits(town, draft)
    corner, goal = at(6, 2), (at(6, 2)[0] + 1e-4, at(6, 2)[1] + 3.3e-5)
    frame = geopandas.read_file(file).set_index("grid_no", drop=False)
    for number in (3, 4, 7, 8):
        frame.loc[number, "geometry"] = moved(frame.loc[number, "geometry"], corner, goal)
    # P05 and P06 become one, and P02 is cut: its northern piece has no number yet.
    frame.loc[5, "geometry"] = shapely.coverage_union_all([frame.loc[5, "geometry"], frame.loc[6, "geometry"]])
    south, north = (squares(half).intersection(frame.loc[2, "geometry"]) for half in ((0, 0, 8, 1), (0, 1, 8, 3)))
    frame.loc[2, "geometry"] = south
    # Where the cut meets P01 and P03 a drawing program that keeps topology gives them the corner, too.
    ends = shapely.MultiPoint([one for one in shapely.get_coordinates(north) if abs(one[1] - at(0, 1)[1]) < 1e-6])
    for number in (1, 3):
        frame.loc[number, "geometry"] = shapely.snap(frame.loc[number, "geometry"], ends, 1e-9)
    fresh = {"grid_no": None, "code": None, "name": "Quay 新港", "geometry": north}
    rows = [row for number, row in frame.to_dict("index").items() if number != 6] + [fresh]
    edited = written(geopandas.GeoDataFrame(rows, crs=4326).astype({"grid_no": "Int64"}), file)

    told = gridkeeper_within(town, "draft", "import", draft, edited, "--as", "wang")
    assert told.code == 0, told.err
    assert (told.facts["changed"], told.facts["new"], told.facts["ended"]) == ([1, 2, 3, 4, 5, 7, 8], [10], [6])
    after = bits(town, draft)
    assert {number for number in before if before[number] == after.get(number)} == {9}
    assert shapely.coverage_is_valid(shapely.from_wkb(list(after.values())))
    with unit_of_work(town.app) as session:
        told = reading.detail(session, draft)
        assert [edit["kind"] for edit in told["edits"]] == ["move_vertex", "split", "replace"]
        assert told["events"][-1]["detail"] == {"file": "edited.gpkg", "changed": 7, "new": 1, "ended": 1}
        assert drafts.opened(session, draft).names == {9: "Pier", 10: "Quay 新港"}
        editing.undo(session, WANG, draft, revision=told["revision"])
    assert bits(town, draft) == before


@pytest.mark.parametrize("way", ["as it is", "seven decimals", "turned rings", "no marks"])
def test_a_file_in_which_nothing_changed_changes_nothing(town: Database, draft: int, file: Path, way):
    before = bits(town, draft)
    frame = geopandas.read_file(file)
    edited = file.with_suffix(".geojson")
    if way == "seven decimals":
        frame.to_file(edited, driver="GeoJSON", engine="pyogrio", RFC7946="YES")
        assert "113.6332031" in edited.read_text()
    elif way == "turned rings":
        turned = [
            MultiPolygon([shapely.Polygon(xy[2:] + xy[1:3]) for xy in ([*p.exterior.coords][::-1] for p in cell.geoms)])
            for cell in frame.geometry
        ]
        frame.set_geometry(turned, crs=4326).to_file(edited, driver="GeoJSON", engine="pyogrio")
    elif way == "no marks":
        frame[["grid_no", "geometry"]].to_file(edited, driver="GeoJSON", engine="pyogrio")
    else:
        edited = file
    told = gridkeeper_within(town, "draft", "import", draft, edited)
    assert (told.code, told.facts["error"]["code"]) == (2, "nothing_changes")
    assert bits(town, draft) == before


def test_grids_are_known_by_their_code_where_a_file_has_no_numbers(town: Database, draft: int, file: Path):
    with unit_of_work(town.app) as session:
        editing.undo(session, WANG, draft, revision=3)
    told = gridkeeper_within(town, "draft", "export", draft, "-o", file)
    frame = geopandas.read_file(file).drop(columns=["grid_no"])
    merged = shapely.coverage_union_all(frame.geometry[frame["code"].isin(["P07", "P08"])].to_list())
    frame.loc[frame["code"] == "P07", "geometry"] = merged
    told = gridkeeper_within(town, "draft", "import", draft, written(frame[frame["code"] != "P08"], file))
    assert told.code == 0, told.err
    assert (told.facts["changed"], told.facts["new"], told.facts["ended"]) == ([7], [], [8])


FAULTS: dict[str, Callable[[dict[int, MultiPolygon]], None]] = {
    "overlap": lambda cells: cells.update({3: squares((3.9, 0, 6, 2))}),
    "gap": lambda cells: cells.update(
        {7: MultiPolygon([shapely.Polygon([at(4, 2), at(5, 2.2), at(6, 2), at(6, 4), at(4, 4)])])}
    ),
    "hole": lambda cells: cells.update({3: cells[3].difference(squares((4.5, 0.5, 5, 1)))}),
    "t_junction": lambda cells: cells.update(
        {4: MultiPolygon([shapely.Polygon([at(6, 0), at(8, 0), at(8, 2), at(6, 2), at(6, 1)])])}
    ),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_file_that_does_not_tile_is_refused_with_the_place(town: Database, draft: int, file: Path, kind):
    before = bits(town, draft)
    told = gridkeeper_within(town, "draft", "import", draft, redraw(file, FAULTS[kind]))
    assert told.code == 2
    error = told.facts["error"]
    assert error["code"] == "tiling_not_kept"
    assert kind in {one["kind"] for one in error["first"]}
    assert shapely.box(*at(3, -1), *at(8, 5)).contains(shape(error["where"]))
    assert "  at 113.6" in told.err
    assert bits(town, draft) == before


def test_ground_that_nobody_takes_is_not_given_up(town: Database, draft: int, file: Path):
    told = gridkeeper_within(town, "draft", "import", draft, redraw(file, lambda cells: cells.update({8: None})))
    assert told.facts["error"]["code"] == "ground_lost"
    assert told.facts["error"]["value"] == "8"
    assert shape(told.facts["error"]["where"]).equals(squares((6, 2, 8, 4)))


def test_a_grid_that_is_there_twice_is_refused(town: Database, draft: int, file: Path):
    frame = geopandas.read_file(file)
    told = gridkeeper_within(town, "draft", "import", draft, written(pd.concat([frame, frame.iloc[:1]]), file))
    assert told.facts["error"]["code"] == "grid_twice"
    assert "rows 1 and 10" in told.facts["error"]["detail"]


def test_a_file_that_is_older_than_the_draft_overwrites_nothing(town: Database, draft: int, file: Path):
    with unit_of_work(town.app) as session:
        editing.save_edit(session, Actor("li"), draft, merge_top(), revision=3)
        other = drafts.create(session, WANG, scheme=SCHEME, name="Autumn").id
    before = bits(town, draft)
    edited = redraw(file, lambda cells: cells.update({4: moved(cells[4], at(8, 0), at(8.5, 0))}))
    told = gridkeeper_within(town, "draft", "import", draft, edited)
    assert (told.facts["error"]["code"], told.facts["error"]["by"]) == ("draft_changed", "li")
    assert bits(town, draft) == before
    told = gridkeeper_within(town, "draft", "import", other, edited)
    assert told.facts["error"]["code"] == "file_of_another_draft"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda frame: frame.to_crs(4547), "crs_not_stored"),
        (lambda frame: frame.drop(columns=["grid_no", "code"]), "column_missing"),
        (lambda frame: frame.set_geometry([None, *frame.geometry[1:]], crs=4326), "shape_missing"),
        (
            lambda frame: frame.set_geometry([shapely.Point(1, 1), *frame.geometry[1:]], crs=4326),
            "shape_wrong_type",
        ),
        (lambda frame: frame.assign(name="\x07"), "bad_name"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_file_that_cannot_be_used_is_named_as_such(town: Database, draft: int, file: Path, spoil, code):
    told = gridkeeper_within(town, "draft", "import", draft, written(spoil(geopandas.read_file(file)), file))
    assert told.code == 2
    assert told.facts["error"]["code"] == code, told.err


def test_drafts_are_listed(town: Database, draft: int):
    told = gridkeeper_within(town, "draft", "list", "--scheme", SCHEME)
    assert told.code == 0
    assert f"{draft}  Summer (plan, version 1): draft, 5 grids changed, by wang" in told.out
    assert [one["id"] for one in told.facts["drafts"]] == [draft]
