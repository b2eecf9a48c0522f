"""The command line: one module for each group of commands, registered here."""

from __future__ import annotations

import getpass
import warnings
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError
from typer.core import TyperGroup

from api.cli import ask, db, demo, drafts, imports, letters, publishing, serve, webhooks
from api.cli.output import Output, output_of
from data.errors import DatabaseAway
from gis.errors import GridError
from layers.actor import Actor

_FLAGS = ("--json",)
_WITH_VALUE = ("--as",)


class Anywhere(TyperGroup):
    """Takes the global options anywhere, and turns errors into sentences and exit codes."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Bring the global options to the front."""
        return super().parse_args(ctx, global_options_first(args))

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command."""
        try:
            return super().invoke(ctx)
        except GridError as error:
            raise typer.Exit(output_of(ctx).fail(error)) from error
        except OperationalError as error:
            away = DatabaseAway(
                "database_unreachable",
                f"The database gave up: {str(error.orig).strip()}. `gridkeeper db status` tells more.",
            )
            raise typer.Exit(output_of(ctx).fail(away)) from error


app = typer.Typer(cls=Anywhere, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(db.app, name="db")
app.add_typer(imports.app, name="import")
app.add_typer(drafts.app, name="draft")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(letters.app, name="letters")
drafts.app.command("publish")(publishing.publish)
drafts.app.command("withdraw")(publishing.withdraw)
app.command("rollback")(publishing.rollback)
app.command("publish-due")(publishing.publish_due)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("locate")(ask.locate)
app.command("compare")(ask.compare)
app.command("check")(ask.check)
app.command("uncovered")(ask.uncovered)
app.command("export")(ask.export)
app.command("map")(ask.map_)


@app.callback()
def options(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
    actor: Annotated[str, typer.Option("--as", help="Who does this; written into every event.")] = "",
) -> None:
    """A city's grid map kept true, and put to work. --json and --as may stand anywhere."""
    context.obj = Output(json=json, actor=Actor(actor or getpass.getuser(), ("administrator",)))


def main() -> None:
    """Entry point of the `gridkeeper` command."""
    # What a reader noticed is for the person at the terminal: the sentence, not the line of code.
    warnings.showwarning = lambda message, *_, **__: typer.echo(f"Note: {message}", err=True)
    app(prog_name="gridkeeper")


def global_options_first(arguments: list[str]) -> list[str]:
    """Move --json and --as NAME to the front, up to a lone `--`.

    >>> global_options_first(["db", "status", "--json", "--as", "wang"])
    ['--json', '--as', 'wang', 'db', 'status']
    >>> global_options_first(["map", "--", "--json"])
    ['map', '--', '--json']
    """
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return [*front, *rest, argument, *waiting]
        if argument in _FLAGS or argument.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            front.append(argument)
        elif argument in _WITH_VALUE:
            front += [argument, *(value for value in [next(waiting, None)] if value is not None)]
        else:
            rest.append(argument)
    return front + rest
