"""What is wrong with files of rules: every fault is named, and one is enough for nothing to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from gis.errors import BadInput

_SAID = 20


@dataclass(frozen=True)
class Line:
    """One row of a file: its values by column, None for an empty cell."""

    file: str
    row: int
    values: Mapping[str, str | None]

    def get(self, column: str) -> str | None:
        """The value of a column; None where it is empty or not there."""
        return self.values.get(column)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong."""

    file: str
    row: int
    field: str
    value: str | None
    reason: str
    detail: str

    def sentence(self) -> str:
        """It in words.

        >>> Fault("limits.csv", 7, "unit", "days", "unknown_word", "Known: hours.").sentence()
        "limits.csv, row 7, unit 'days': Known: hours."
        """
        value = "" if self.value is None else f" '{self.value}'"
        return f"{self.file}, row {self.row}, {self.field}{value}: {self.detail}"


@dataclass
class Faults:
    """The faults found so far."""

    found: list[Fault] = field(default_factory=list)

    def add(self, line: Line, column: str, reason: str, detail: str) -> None:
        """Note a fault of one value of a row."""
        self.found.append(Fault(line.file, line.row, column, line.get(column), reason, detail))

    def refuse(self) -> None:
        """Raise if there are any.

        Raises:
            BadInput: `rules_faulty`, with all of them.
        """
        if not self.found:
            return
        told = [fault.sentence() for fault in self.found[:_SAID]]
        if len(self.found) > _SAID:
            told.append(f"… and {len(self.found) - _SAID} more; --json lists all.")
        first = self.found[0]
        raise BadInput(
            "rules_faulty",
            "\n  ".join([f"{len(self.found)} faults; nothing was stored.", *told]),
            field=first.field,
            value=first.value,
            values={"faults": [asdict(fault) for fault in self.found]},
        )
