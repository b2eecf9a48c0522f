"""Times and coordinates as people write them."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.readers import ParsedTimes, parse_coordinates, parse_times
from gis.errors import BadInput


def times(*values: object, tz: str = "Asia/Shanghai", formats: str | list[str] | None = None) -> ParsedTimes:
    return parse_times(list(values), tz=tz, formats=formats)


def instants(parsed: ParsedTimes) -> list[str]:
    return [moment.strftime("%Y-%m-%d %H:%M:%S.%f") for moment in parsed.at]


@pytest.mark.parametrize("text", [
    "2024-03-05 14:30:07.25", "2024-03-05T14:30:07.250", "2024-03-05T14:30:07.25+08:00", "2024-03-05T14:30:07.25+0800",
    "2024-03-05 14:30:07.250000+08", "2024-03-05T06:30:07.25Z", "2024-03-05 06:30:07.25 UTC", "2024/3/5 14:30:07.25",
    "2024.03.05 14:30:07.25", "2024年3月5日 14:30:07.25", " 2024-03-05  14:30:07,25 ", "2024-03-05T01:30:07.25-05:00",
])  # fmt: skip
def test_the_ways_to_write_one_instant(text: str) -> None:
    parsed = times(text)
    assert parsed.reasons.tolist() == [None]
    assert instants(parsed) == ["2024-03-05 06:30:07.250000"]
    assert parsed.precision.tolist() == ["instant"]
    assert str(parsed.at.dtype) == "datetime64[us, UTC]"


def test_a_bare_date_is_local_midnight_with_the_precision_of_a_day() -> None:
    parsed = times("2019-12-10", "2019/1/2", "2019年1月2日", date(2019, 1, 2), tz="America/Chicago")
    assert instants(parsed) == ["2019-12-10 06:00:00.000000", *["2019-01-02 06:00:00.000000"] * 3]
    assert set(parsed.precision) == {"day"}


@pytest.mark.parametrize(("text", "reason"), [
    ("", "empty"), ("  ", "empty"), (None, "empty"),
    ("03/04/2019", "day_month_order"), ("13/04/2019 10:00", "day_month_order"), ("3-4-19", "day_month_order"),
    ("1546300800", "epoch_not_declared"), ("20190304", "epoch_not_declared"),
    ("2019-02-30", "no_such_date"), ("2019-13-01", "no_such_date"), ("2019-00-01", "no_such_date"),
    ("2019-01-01 24:00", "no_such_time"), ("2019-01-01 10:60", "no_such_time"), ("2019-01-01 10:00:60", "no_such_time"),
    ("2019-01-01 10:00+15:00", "time_zone"), ("2019-01-01 10:00+08:99", "time_zone"),
    ("0219-01-01", "year_out_of_range"), ("9999-12-31", "year_out_of_range"),
    ("yesterday", "time_format"), ("2019-01-01 10", "time_format"),
    ("2019-01-01x", "time_format"), ("NaT", "time_format"),
    ("２０１９-01-01", "time_format"),
])  # fmt: skip
def test_what_cannot_be_read_has_its_reason(text: str | None, reason: str) -> None:
    parsed = times("2019-01-01", text)
    assert parsed.reasons.tolist() == [None, reason]
    assert parsed.bad.tolist() == [False, True]
    assert parsed.at.isna().tolist() == [False, True]


def test_clock_changes() -> None:
    parsed = times("2019-03-10 02:30", "2019-11-03 01:30", "2019-11-03 01:30-06:00", tz="America/Chicago")
    assert parsed.reasons.tolist() == ["nonexistent_local_time", None, None]
    assert instants(ParsedTimes(parsed.at[1:], *[parsed.bad] * 3)) == [
        "2019-11-03 06:30:00.000000",
        "2019-11-03 07:30:00.000000",
    ]


def test_a_day_whose_midnight_was_jumped_over_begins_at_the_jump() -> None:
    parsed = times("2018-11-04", tz="America/Sao_Paulo")
    assert instants(parsed) == ["2018-11-04 03:00:00.000000"]


def test_formats_are_read_when_named_and_then_they_alone() -> None:
    parsed = times("03/04/2019 01:02:03 PM", "2019-03-04", tz="America/Chicago", formats="%m/%d/%Y %I:%M:%S %p")
    assert parsed.reasons.tolist() == [None, "time_format"]
    assert instants(ParsedTimes(parsed.at[:1], *[parsed.bad] * 3)) == ["2019-03-04 19:02:03.000000"]
    both = times("13/04/2019", "2019-03-04 05:06", "", formats=["%d/%m/%Y", "iso"])
    assert both.reasons.tolist() == [None, None, "empty"]
    assert both.precision.tolist()[:2] == ["day", "instant"]
    zoned = times("2019-03-04 05:06 -0600", formats="%Y-%m-%d %H:%M %z")
    assert instants(zoned) == ["2019-03-04 11:06:00.000000"]


def test_epochs_are_read_when_declared() -> None:
    assert instants(times("1546300800", "1546300800.5", formats="epoch_s")) == [
        "2019-01-01 00:00:00.000000",
        "2019-01-01 00:00:00.500000",
    ]
    assert instants(times(1546300800123, formats="epoch_ms")) == ["2019-01-01 00:00:00.123000"]
    assert times("1e300", "x", "", formats="epoch_s").reasons.tolist() == ["year_out_of_range", "time_format", "empty"]
    assert times("1546300800000", formats="epoch_s").reasons.tolist() == ["year_out_of_range"]


def test_typed_times_are_taken_as_they_are() -> None:
    naive = parse_times(pd.Series([pd.Timestamp("2019-01-01 08:00"), pd.NaT]), tz="Asia/Shanghai")
    assert naive.reasons.tolist() == [None, "empty"]
    assert naive.at[0] == pd.Timestamp("2019-01-01", tz="UTC")
    aware = parse_times(pd.Series([pd.Timestamp("2019-01-01 08:00", tz="Asia/Tokyo")]), tz="Asia/Shanghai")
    assert aware.at[0] == pd.Timestamp("2018-12-31 23:00", tz="UTC")
    mixed = times(datetime(2019, 1, 1, 8), date(2019, 1, 1), "2019-01-01T00:00Z")
    assert mixed.precision.tolist() == ["instant", "day", "instant"]


def test_zones_and_formats_that_are_none_are_refused() -> None:
    for code, options in (
        ("time_zone_unknown", {"tz": "Mars/Olympus"}),
        ("time_zone_unknown", {"tz": "../etc/passwd"}),
        ("time_format_unknown", {"tz": "UTC", "formats": "%Y-%m"}),
        ("time_format_unknown", {"tz": "UTC", "formats": "%d %Q"}),
        ("time_format_unknown", {"tz": "UTC", "formats": "epoch"}),
    ):
        with pytest.raises(BadInput) as caught:
            parse_times(["2019-01-01"], **options)
        assert caught.value.code == code


def test_nothing_in_gives_nothing_out() -> None:
    assert len(times().at) == 0
    assert len(parse_coordinates([]).values) == 0


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2199, 12, 30)))
def test_any_instant_written_as_iso_comes_back(moment: datetime) -> None:
    parsed = times(f"{moment.isoformat()}Z", tz="America/Chicago")
    assert parsed.at[0].tz_localize(None).to_pydatetime() == moment


@settings(deadline=None)
@given(st.lists(st.text(max_size=25)))
def test_any_text_is_an_instant_or_has_a_reason(values: list[str]) -> None:
    parsed = times(*values)
    assert ((parsed.reasons == None) == ~parsed.bad).all()  # noqa: E711
    assert (parsed.at.isna() == parsed.bad).all()
    numbers = parse_coordinates(values)
    assert (np.isnan(numbers.values) == numbers.bad).all()


def test_coordinates_are_numbers_or_have_a_reason() -> None:
    texts = ["113.65", "-1.5e2", " +.5 ", "7.", "", None, "nan", "inf", "1e999", "34,75", "34°45'", "1 2", "0x10", "١"]
    parsed = parse_coordinates(texts)
    assert parsed.values[:4].tolist() == [113.65, -150.0, 0.5, 7.0]
    assert parsed.reasons.tolist()[4:] == [
        "empty", "empty", "nan", "nan", "nan", "decimal_comma", *["not_a_number"] * 4,
    ]  # fmt: skip
    typed = parse_coordinates(pd.Series([1.5, np.nan, np.inf]))
    assert typed.reasons.tolist() == [None, "empty", "nan"]
    assert parse_coordinates(pd.Series([1, None], dtype="Int64")).reasons.tolist() == [None, "empty"]
