"""`gridkeeper letters list | send | drop`: letters that ask a department in; the program drafts, a person decides."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.session import unit_of_work
from layers.dispatch.letters import decide, letters

app = typer.Typer(no_args_is_help=True, help="Letters that ask a department in for a talk.")

Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Number of the letter.")]
Note = Annotated[str | None, typer.Option(help="Why, or how it was sent.")]


@app.command("list")
def list_letters(
    context: typer.Context,
    tree: Annotated[str | None, typer.Option(help="Only those of this city.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state: draft, sent or dropped.")] = None,
) -> None:
    """List letters, the newest first, with their text."""
    out = output_of(context)
    with Session(service_engine(out)) as session:
        found = letters(session, tree=tree, state=state)
    for one in found:
        by = f" by {one['decided_by']}" if one["decided_by"] else ""
        out.show(f"{one['letter']}  {one['created_at']:%Y-%m-%d}  {one['state']}{by}: {one['text']['en']}")
    out.show(f"{len(found)} letters.")
    out.result({"letters": found})


@app.command("send")
def send(context: typer.Context, number: Number, note: Note = None) -> None:
    """Record that you sent a letter; the program itself sends none."""
    _decide(output_of(context), number, "send", note)


@app.command("drop")
def drop(context: typer.Context, number: Number, note: Note = None) -> None:
    """Drop a letter: there will be no talk."""
    _decide(output_of(context), number, "drop", note)


def _decide(out: Output, number: int, decision: str, note: str | None) -> None:
    with unit_of_work(service_engine(out)) as session:
        told = decide(session, out.actor, number, decision, note=note)
    out.show(f"Letter {number} is {told['state']}.")
    out.result(told)
