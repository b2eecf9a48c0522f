from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.codes import (
    GridCode,
    area_code,
    area_level,
    issue_grid_codes,
    natural_key,
    parent_area_code,
    parse_grid_code,
)
from gis.errors import BadInput

COMMUNITY = "410105001002"


@given(st.integers(1, 999))
def test_a_grid_code_comes_apart_as_it_was_put_together(serial):
    code = str(GridCode(COMMUNITY, serial))
    assert len(code) == 15
    assert parse_grid_code(code) == GridCode(COMMUNITY, serial)


@pytest.mark.parametrize(
    "code",
    ["", "41010500100201", "4101050010020170", "41010500100201A", "410105001002000", "410105001000017", "٤" * 15],
)
def test_what_is_no_grid_code_is_refused(code):
    with pytest.raises(BadInput) as refused:
        parse_grid_code(code)
    assert refused.value.code == "bad_grid_code"


@pytest.mark.parametrize("code", ["", "41", "4101", "410000", "41010500100", "4101050010020", "zzzzzz"])
def test_what_is_no_area_code_is_refused(code):
    with pytest.raises(BadInput) as refused:
        area_code(code)
    assert refused.value.code == "bad_area_code"


def test_the_tree_is_read_from_the_codes():
    chain = [COMMUNITY]
    while (above := parent_area_code(chain[-1])) is not None:
        chain.append(above)
    assert chain == [COMMUNITY, "410105001000", "410105000000", "410100000000"]
    assert [area_level(code) for code in chain] == ["community", "street", "county", "city"]


def test_serials_run_like_lines_of_text():
    columns, rows = 4, 3
    lon = [113.60 + 0.001 * column for row in range(rows) for column in range(columns)]
    lat = [34.75 - 0.001 * row + 0.0001 * (column % 2) for row in range(rows) for column in range(columns)]
    codes = issue_grid_codes(COMMUNITY, lon, lat)
    assert [int(code[12:]) for code in codes] == list(range(1, 13))


def test_grids_in_one_line_run_along_it():
    assert [code[-1] for code in issue_grid_codes(COMMUNITY, [3.0, 1.0, 2.0], [5.0, 5.0, 5.0])] == ["3", "1", "2"]
    assert [code[-1] for code in issue_grid_codes(COMMUNITY, [5.0, 5.0, 5.0], [3.0, 1.0, 2.0])] == ["1", "3", "2"]


def test_a_voided_serial_is_never_given_again_and_999_is_the_last():
    assert issue_grid_codes(COMMUNITY, [1.0], [1.0], highest=998) == [COMMUNITY + "999"]
    with pytest.raises(BadInput, match="Divide it") as refused:
        issue_grid_codes(COMMUNITY, [1.0, 2.0], [1.0, 1.0], highest=998)
    assert refused.value.code == "serials_exhausted"


def test_serials_are_given_only_inside_a_community():
    with pytest.raises(BadInput):
        issue_grid_codes("410105001000", [1.0], [1.0])


@given(st.lists(st.text("0123456789-Aab格", max_size=6), unique=True))
def test_the_order_of_codes_does_not_depend_on_the_order_they_came_in(codes):
    turned = codes[::-1]
    assert sorted(codes, key=natural_key) == sorted(turned, key=natural_key)


@given(st.lists(st.integers(0, 10**6)))
def test_codes_that_are_numbers_sort_as_numbers(numbers):
    assert sorted(map(str, numbers), key=natural_key) == [str(number) for number in sorted(numbers)]
