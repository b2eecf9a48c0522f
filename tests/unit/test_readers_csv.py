"""Delimited text: every record is either a row or a bad row, with its line number."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.readers import BadRow, read_rows
from data.readers.delimited import read_delimited
from gis.errors import BadInput, GridError


def read(path: Path, **options: object) -> tuple[pd.DataFrame, list[BadRow]]:
    chunks = list(read_rows(path, **options))
    return pd.concat([chunk.frame for chunk in chunks], ignore_index=True), [b for c in chunks for b in c.bad]


def written(tmp_path: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path, **options: object) -> BadInput:
    with pytest.raises(BadInput) as caught:
        list(read_rows(path, **options))
    assert path.name in caught.value.detail or caught.value.code == "delimiter_bad"
    return caught.value


def lines_of(bad: Iterable[BadRow]) -> list[tuple[int, str]]:
    return [(row.row_no, row.reason) for row in bad]


def test_values_are_text_and_empty_ones_are_missing(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, '\ufeffid,name,code\n1,"a, ""b""",007\n2,,""\n'))
    assert not bad
    assert frame.columns.tolist() == ["row_no", "id", "name", "code"]
    assert frame["row_no"].tolist() == [2, 3]
    assert frame.iloc[0, 1:].tolist() == ["1", 'a, "b"', "007"]
    assert frame.iloc[1].isna().tolist() == [False, False, True, True]
    assert all(isinstance(frame[name].dtype, pd.StringDtype) for name in ("id", "name", "code"))


def test_a_broken_quote_costs_its_line_and_no_other(tmp_path: Path) -> None:
    text = 'id,name,state\n1,a,x\n2,"b,x\n3,"c",x\n4,d,x\n'
    frame, bad = read(written(tmp_path, text))
    assert lines_of(bad) == [(3, "quote")]
    assert bad[0].raw == {"line": '2,"b,x'}
    assert frame["id"].tolist() == ["1", "3", "4"]
    assert frame["row_no"].tolist() == [2, 4, 5]


def test_a_broken_quote_in_the_last_line_is_set_aside(tmp_path: Path) -> None:
    for end in ("", "\n"):
        frame, bad = read(written(tmp_path, f'id,name\n1,a\n2,"b{end}'))
        assert frame["id"].tolist() == ["1"]
        assert lines_of(bad) == [(3, "quote")]


def test_quoted_line_breaks_are_part_of_the_value_and_of_the_count_of_lines(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, 'id,name\r\n1,"two\r\nlines"\r\n2,b\r\n3,"x\n\ny"\r\n4,d\r\n'))
    assert not bad
    assert frame["name"].tolist() == ["two\r\nlines", "b", "x\n\ny", "d"]
    assert frame["row_no"].tolist() == [2, 4, 5, 8]


def test_rows_with_too_few_or_too_many_fields_are_set_aside(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, "id,name\n1,a\n2\n3,c,d\n4,d\n"))
    assert frame["row_no"].tolist() == [2, 5]
    assert [(b.row_no, b.reason, b.value) for b in bad] == [(3, "columns", "1"), (4, "columns", "3")]


def test_a_value_with_nul_is_set_aside_and_shown_without_it(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, b"id,name\n1,a\n2,b\0c\n3,d\n"))
    assert frame["id"].tolist() == ["1", "3"]
    assert (bad[0].row_no, bad[0].field, bad[0].reason, bad[0].value) == (3, "name", "nul", "b␀c")
    assert "\0" not in str(bad[0].raw)


def test_a_field_of_over_a_million_characters_is_set_aside(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, f"id,name\n1,a\n2,{'x' * 1_000_001}\n3,c\n"))
    assert frame["id"].tolist() == ["1", "3"]
    assert (bad[0].row_no, bad[0].field, bad[0].reason) == (3, "name", "too_long")


def test_a_line_without_end_is_one_bad_row(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,name\n1,a\n2," + b"x" * 30_000_000 + b"\n3,c\n")
    frame, bad = read(path)
    assert frame["row_no"].tolist() == [2, 4]
    assert lines_of(bad) == [(3, "too_long")]


def test_blank_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, "id,name\n\n1,a\n\n\n2,b\n\n"))
    assert not bad
    assert frame["row_no"].tolist() == [3, 6]


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, "id\n1\n\n2\n"))
    assert not bad
    assert frame["row_no"].tolist() == [2, 4]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_from_the_header(tmp_path: Path, sign: str) -> None:
    text = f'id{sign}"a, b; c"{sign}note\n1{sign}x{sign}1,2;3\n'
    frame, bad = read(written(tmp_path, text if sign not in ",;" else text.replace("1,2;3", "y")))
    assert not bad
    assert frame.columns.tolist() == ["row_no", "id", "a, b; c", "note"]


def test_a_given_delimiter_wins_over_the_header(tmp_path: Path) -> None:
    frame, _ = read(written(tmp_path, "a,b,c~d\n1,2,3~4\n"), delimiter="~")
    assert frame.columns.tolist() == ["row_no", "a,b,c", "d"]
    assert refused(written(tmp_path, "a,b\n"), delimiter="ab").code == "delimiter_bad"


@pytest.mark.parametrize(("text", "code"), [
    (b"", "file_empty"),
    (b"\n1,a\n", "header_missing"),
    (b'id,"name\n1,a\n', "header_missing"),
    (b"id,name,id\n1,a,b\n", "column_duplicate"),
])  # fmt: skip
def test_files_without_a_usable_header_are_refused(tmp_path: Path, text: bytes, code: str) -> None:
    assert refused(written(tmp_path, text)).code == code


def test_a_header_without_rows_gives_one_empty_chunk(tmp_path: Path) -> None:
    for text in ("id,name", "id,name\n", "id,name\r\n\r\n"):
        (chunk,) = read_rows(written(tmp_path, text))
        assert chunk.frame.empty
        assert chunk.frame.columns.tolist() == ["row_no", "id", "name"]


def test_columns_without_a_name_and_one_called_row_no_keep_their_values(tmp_path: Path) -> None:
    frame, _ = read(written(tmp_path, ",id,row_no\n0,1,9\n"))
    assert frame.columns.tolist() == ["row_no", "column_1", "id", "row_no_in_file"]
    assert frame.iloc[0].tolist() == [2, "0", "1", "9"]


def test_bytes_that_are_not_utf8_ask_for_the_encoding_and_name_the_line(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,name\n1,a\n2," + "中原区".encode("gbk") + b"\n")
    error = refused(path)
    assert error.code == "encoding_missing"
    assert error.values == {"line": 3, "offset": 14}
    assert "--encoding" in error.detail


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-16", "utf-8"])
def test_a_given_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    text = "编号,名称\n1,郑州|\n" if encoding == "gbk" else "編號,名稱\n1,臺南|許功蓋\n"
    frame, bad = read(written(tmp_path, text.encode(encoding)), encoding=encoding)
    assert not bad
    assert frame.iloc[0, 2] == text.splitlines()[1].split(",")[1]


def test_big5_codes_that_offices_define_are_kept_as_private_characters(tmp_path: Path) -> None:
    frame, _ = read(written(tmp_path, b"id,name\n1,\x9a\xac\xa6\xe6\xa8\xbd\n"), encoding="big5")
    assert frame["name"].tolist() == ["\ueab7行里"]


def test_a_given_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"id,name\n1,\xff\xff\n")
    assert refused(path, encoding="gbk").code == "encoding_wrong"
    with pytest.raises(BadInput) as caught:
        list(read_rows(path, encoding="klingon"))
    assert caught.value.code == "encoding_unknown"


def test_packed_files_are_read(tmp_path: Path) -> None:
    text = b"id,name\n1,a\n"
    with gzip.open(tmp_path / "rows.csv.gz", "wb") as stream:
        stream.write(text)
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("folder/rows.csv", text)
    for name in ("rows.csv.gz", "rows.zip"):
        assert read(tmp_path / name)[0]["id"].tolist() == ["1"]


def test_a_gz_that_breaks_off_or_never_ends_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"id,name\n" + b"1,a\n" * 10_000)
    assert refused(written(tmp_path, packed[:-30], "cut.csv.gz")).code == "file_corrupt"
    assert refused(written(tmp_path, b"id,name\n1,a\n", "plain.csv.gz")).code == "file_corrupt"
    bomb = written(tmp_path, gzip.compress(b"id,name\n" + (b"1," + b"a" * 2000 + b"\n") * 60_000), "bomb.csv.gz")
    assert refused(bomb).code == "archive_too_large"
    small = written(tmp_path, packed, "limit.csv.gz")
    with pytest.raises(BadInput, match="unpacks to"):
        list(read_delimited(small, max_bytes=10_000))


def test_a_zip_of_several_tables_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "id\n1\n")
        archive.writestr("b.csv", "id\n1\n")
    assert refused(tmp_path / "two.zip").code == "layer_missing"


def test_missing_files_folders_and_unknown_kinds_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv").code == "file_missing"
    assert refused(tmp_path).code == "file_missing"
    assert refused(written(tmp_path, "x", "rows.doc")).code == "unknown_format"


def test_old_files_with_cr_alone_are_read(tmp_path: Path) -> None:
    frame, bad = read(written(tmp_path, b"id,name\r1,a\r2,b\r"))
    assert not bad
    assert frame["row_no"].tolist() == [2, 3]


def test_line_numbers_are_right_over_many_blocks_and_chunks(tmp_path: Path) -> None:
    lines = ["id,name,note"]
    wanted_bad = []
    wanted = []
    for number in range(120_000):
        row_no = len(lines) + 1
        if number % 9_973 == 0:
            lines.append(f'{number},"broken,{"x" * 50}')
            wanted_bad.append((row_no, "quote"))
        elif number % 7_919 == 0:
            lines += [f'{number},"two', f'lines",{"x" * 50}']
            wanted.append((row_no, str(number)))
        else:
            lines.append(f'{number},"quoted, {number}",{"x" * 60}')
            wanted.append((row_no, str(number)))
    chunks = list(read_rows(written(tmp_path, "\n".join(lines)), chunk_rows=10_000))
    assert max(len(chunk.frame) for chunk in chunks) == 10_000
    assert lines_of(b for c in chunks for b in c.bad) == wanted_bad
    assert [pair for c in chunks for pair in zip(c.frame["row_no"], c.frame["id"], strict=True)] == wanted


CELLS = st.text(alphabet='ab,";\n\r\t |\0é中', max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, max_size=12))
def test_every_line_of_any_text_is_in_exactly_one_row_or_bad_row(tmp_path: Path, cells: list[str]) -> None:
    text = "id,name\n" + ",".join(cells)
    frame, bad = read(written(tmp_path, text))
    spans = [1 + sum(str(v).count("\n") for v in row if not pd.isna(v)) for row in frame.iloc[:, 1:].values]
    spans += [1 + row.raw["line"].count("\n") for row in bad]
    starts = [*frame["row_no"].tolist(), *(row.row_no for row in bad)]
    covered = [line for start, span in zip(starts, spans, strict=True) for line in range(start, start + span)]
    assert len(covered) == len(set(covered))
    rest = {number: line for number, line in enumerate(text.split("\n"), start=1) if number not in covered}
    assert all(number == 1 or line.strip("\r") == "" for number, line in rest.items())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_the_careful_and_the_fast_way_give_the_same_rows(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    text = "id,name\n" + "".join(f"{a},{b}\n" for a, b in rows)
    frame, bad = read(written(tmp_path, text))
    # A last line of one field sends the whole block the careful way.
    careful, careful_bad = read(written(tmp_path, f"{text}z"))
    pd.testing.assert_frame_equal(frame, careful)
    assert lines_of(bad) == lines_of(careful_bad)[:-1]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["x.csv", "x.csv.gz", "x.tsv", "x.zip", "x.xlsx", "x.parquet"]))
def test_random_bytes_raise_nothing_but_a_named_error(tmp_path: Path, content: bytes, name: str) -> None:
    path = written(tmp_path, content, name)
    with suppress(GridError):
        list(read_rows(path))
