"""The careful parser of delimited text: one record at a time, and a broken quote costs one line only.

The fast parser reads clean stretches; this one reads the blocks it refuses, and gives the same values for any
record that stands on one line. A record of several lines (a quoted line break) is believed only when every
quote in it closes right before a delimiter or a line end and its fields are as many as the header's; else its
first line is set aside and reading goes on with the next line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from data.readers.chunk import BadRow, showable

MAX_FIELD_CHARACTERS = 1_000_000
MAX_RECORD_CHARACTERS = 4_000_000
_QUOTED = re.compile(r'"((?:[^"]++|"")*+)"')


@dataclass(slots=True)
class Parsed:
    """The outcome of one block of text.

    Args:
        rows: Good records, each with as many fields as there are columns.
        row_nos: The line each good record begins on.
        bad: Records set aside.
        used: Characters consumed; what follows is the start of a record whose end was not seen.
        lines: Lines consumed.
    """

    rows: list[list[str]] = field(default_factory=list)
    row_nos: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    used: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class _Record:
    fields: list[str]
    end: int
    is_strict: bool


class RecordParser:
    """Parses blocks of whole lines, each ending with a line feed.

    Args:
        columns: Names of the columns.
        delimiter: One character.
    """

    def __init__(self, columns: list[str], delimiter: str) -> None:
        self._columns = columns
        self._delimiter = delimiter
        self._plain = re.compile(rf"[^{re.escape(delimiter)}\n]*+")

    def parse(self, text: str, *, first_line: int, final: bool) -> Parsed:
        """Parse a block.

        Args:
            text: Whole lines.
            first_line: Line number of its first line.
            final: Whether the file ends here, so that an open quote can close nowhere.
        """
        done = Parsed()
        while done.used < len(text):
            line_end = text.index("\n", done.used)
            record = self._record(text, done.used, line_end)
            if record is None and not final and len(text) - done.used < MAX_RECORD_CHARACTERS:
                break
            self._keep(done, text, record, first_line + done.lines, line_end)
        return done

    def header(self, text: str) -> tuple[list[str], int] | None:
        """The fields and the end of the first record; None where a quote in it does not close properly."""
        record = self._record(text, 0, text.index("\n"))
        return (record.fields, record.end) if record and record.is_strict else None

    def _keep(self, done: Parsed, text: str, record: _Record | None, row_no: int, line_end: int) -> None:
        line = text[done.used : line_end].removesuffix("\r")
        is_one_line = record is not None and record.end == line_end + 1
        if record and not is_one_line and not (record.is_strict and self._fits(record)):
            record = None
        end = record.end if record else line_end + 1
        if not line and is_one_line:
            pass  # a blank line is no record
        elif bad := self._fault(record, row_no, text[done.used : end]):
            done.bad.append(bad)
        elif record:
            done.rows.append(record.fields)
            done.row_nos.append(row_no)
        done.lines += 1 if end == line_end + 1 else text.count("\n", done.used, end)
        done.used = end

    def _fits(self, record: _Record) -> bool:
        return len(record.fields) == len(self._columns) and max(map(len, record.fields)) <= MAX_FIELD_CHARACTERS

    def _fault(self, record: _Record | None, row_no: int, source: str) -> BadRow | None:
        raw = {"line": showable(source.rstrip("\r\n"))}
        if record is None:
            detail = "A quote opens in this line and does not close; the line was set aside by itself."
            return BadRow(row_no, None, None, "quote", raw, detail)
        if len(source) > MAX_RECORD_CHARACTERS:
            return BadRow(
                row_no,
                None,
                None,
                "too_long",
                raw,
                f"The row is longer than {MAX_RECORD_CHARACTERS:,} characters.",
            )
        if len(record.fields) != len(self._columns):
            detail = f"The row has {len(record.fields)} fields, the header has {len(self._columns)}."
            return BadRow(row_no, None, str(len(record.fields)), "columns", raw, detail)
        if "\0" in source:
            place = next(i for i, value in enumerate(record.fields) if "\0" in value)
            name, value = self._columns[place], record.fields[place]
            return BadRow(row_no, name, showable(value), "nul", raw, f"The value in {name} holds a NUL character.")
        if len(source) <= MAX_FIELD_CHARACTERS:
            return None
        longest = max(range(len(record.fields)), key=lambda i: len(record.fields[i]))
        if len(record.fields[longest]) > MAX_FIELD_CHARACTERS:
            name, value = self._columns[longest], record.fields[longest]
            detail = f"The value in {name} is longer than {MAX_FIELD_CHARACTERS:,} characters."
            return BadRow(row_no, name, showable(value), "too_long", raw, detail)
        return None

    def _record(self, text: str, start: int, line_end: int) -> _Record | None:
        """The record that begins at `start`; None where a quote in it stays open to the end of the text."""
        if text.find('"', start, line_end) < 0:
            return _Record(text[start:line_end].removesuffix("\r").split(self._delimiter), line_end + 1, True)
        fields: list[str] = []
        is_strict = True
        at = start
        while True:
            value = ""
            if text.startswith('"', at):
                quoted = _QUOTED.match(text, at)
                if quoted is None:
                    return None
                value, at = quoted[1].replace('""', '"'), quoted.end()
            end = self._plain.match(text, at).end()  # type: ignore[union-attr]  # it matches the empty string too
            tail = text[at:end]
            if text[end] == "\n":
                tail = tail.removesuffix("\r")
            is_strict = is_strict and '"' not in tail and not (tail and at > start and text[at - 1] == '"')
            fields.append(value + tail)
            if text[end] == "\n":
                return _Record(fields, end + 1, is_strict)
            at = end + 1
