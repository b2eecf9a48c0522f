"""The command line: one module for each group of commands, registered here."""

from __future__ import annotations

import gc
import getpass
import warnings
from importlib import import_module
from typing import Annotated, NamedTuple

import typer
from sqlalchemy.exc import OperationalError
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from api.cli.output import Output, output_of
from data.errors import DatabaseAway
from gis.errors import GridError
from layers.actor import Actor

_FLAGS = ("--json",)
_WITH_VALUE = ("--as",)


class Lazy(NamedTuple):
    """Where a command is found. Its module is loaded when it is asked for: all of them together take seconds."""

    help: str
    module: str
    name: str


COMMANDS = {
    "db": Lazy("Start, stop, look at and migrate the database.", "db", "app"),
    "import": Lazy("Bring in grids, areas, cases, staff, ground, rules and fixes.", "imports", "app"),
    "draft": Lazy("List drafts of boundaries, take one to another program and back.", "publishing", "app"),
    "rollback": Lazy("Bring an older version of boundaries back as a new version.", "publishing", "rollback"),
    "publish-due": Lazy("Publish the scheduled drafts whose instant has come.", "publishing", "publish_due"),
    "serve": Lazy("Serve the map and the API until interrupted.", "serve", "serve"),
    "demo": Lazy("Load a made-up town with three months of cases.", "demo", "demo"),
    "locate": Lazy("Tell which grid owns a place, who answers there, and why.", "ask", "locate"),
    "compare": Lazy("Put an official column of the source file beside our grids.", "ask", "compare"),
    "check": Lazy("Recompute what is stored; exit code 0 when all agrees, else 1.", "ask", "check"),
    "uncovered": Lazy("List the grids that nobody of their own answers for.", "ask", "uncovered"),
    "export": Lazy("Write a layer, measures, rows set aside, or a catalogue.", "ask", "export"),
    "map": Lazy("Write a map as one page that needs nothing else, or as a layer.", "maps", "app"),
    "webhooks": Lazy("Tell other systems what happens to cases.", "webhooks", "app"),
    "letters": Lazy("Letters that ask a department in for a talk.", "letters", "app"),
}


class Anywhere(TyperGroup):
    """Loads commands when asked, takes the global options anywhere, turns errors into sentences and exit codes."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | None:  # type: ignore[override]  # noqa: ARG002
        """What the list of commands says about one."""
        found = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=found.help) if found else None

    def resolve_command(self, ctx: typer.Context, args: list[str]):  # type: ignore[no-untyped-def, override]  # noqa: ANN201
        """The command itself."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, loaded(str(name)), rest

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


@app.callback()
def options(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
    actor: Annotated[str, typer.Option("--as", help="Who does this; written into every event.")] = "",
) -> None:
    """A city's grid map kept true, and put to work. --json and --as may stand anywhere."""
    context.obj = Output(json=json, actor=Actor(actor or getpass.getuser(), ("administrator",)))


def loaded(name: str) -> TyperCommand | TyperGroup:
    """The command of a name, its module loaded.

    Args:
        name: One of `COMMANDS`.
    """
    where = COMMANDS[name]
    found = getattr(import_module(f"api.cli.{where.module}"), where.name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    command = get_command(found)
    command.name = name
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    return command  # type: ignore[return-value]


def main() -> None:
    """Entry point of the `gridkeeper` command."""
    # What a reader noticed is for the person at the terminal: the sentence, not the line of code.
    gc.disable()  # until all is loaded: what is loaded stays, and to look through it again and again takes a second
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
