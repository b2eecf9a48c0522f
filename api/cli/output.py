"""How the command line speaks: steps on stderr, results on stdout, with --json one object last."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import shapely
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from shapely.geometry import mapping

from data.errors import DatabaseAway
from gis.errors import GridError
from layers.actor import Actor
from layers.errors import Unavailable

_STDERR = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Output:
    """What every command needs to speak.

    Attributes:
        json: Whether --json was given.
        actor: Who runs the command.
    """

    json: bool
    actor: Actor

    def say(self, sentence: str) -> None:
        """Tell a step, on stderr."""
        _STDERR.print(sentence)

    def show(self, text: str) -> None:
        """Print a result for people, on stdout."""
        typer.echo(text)

    def result(self, facts: Mapping[str, object]) -> None:
        """With --json, print the one object; the last thing that a command does."""
        if self.json:
            typer.echo(json.dumps(facts, ensure_ascii=False, default=str))

    def fail(self, error: GridError) -> int:
        """Tell the error; the exit code that stands for it: 3 when the database is away, else 2."""
        typer.echo(error.detail, err=True)
        where = None if error.where is None else mapping(error.where)
        for lon, lat in shapely.get_coordinates(error.where)[:1].tolist():
            typer.echo(f"  at {lon:.7f} {lat:.7f}", err=True)
        facts = {"code": error.code, "detail": error.detail, "field": error.field, "value": error.value, "where": where}
        self.result({"error": {**facts, **error.values}})
        return 3 if isinstance(error, (DatabaseAway, Unavailable)) else 2

    @contextmanager
    def progress(self, title: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar on stderr, where that is a terminal and people read; call what it yields with the number done since.

        Args:
            title: What is being done.
            total: How many there are; None when that is not known.
        """
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=_STDERR, disable=self.json or not sys.stderr.isatty()) as bar:
            task = bar.add_task(title, total=total)
            yield lambda done: bar.advance(task, done)


def output_of(context: typer.Context) -> Output:
    """The output that the global options ask for."""
    found = context.find_object(Output)
    if found is None:
        raise TypeError("the command was not called through api.cli")
    return found
