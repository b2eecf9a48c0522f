"""`gridkeeper webhooks add | list | pause | resume | replay`: other systems that are told what happens to cases."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api.cli.output import output_of
from api.cli.service import service_engine
from data.session import unit_of_work
from layers.dispatch import outbox
from layers.dispatch.feed import Cursor

app = typer.Typer(no_args_is_help=True, help="Tell other systems what happens to cases.")

Number = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="Number of the webhook.")]


@app.command("add")
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Where events are posted to, with http or https.")],
    tree: Annotated[str | None, typer.Option(help="Only the events of this city.")] = None,
    kinds: Annotated[str | None, typer.Option(help="Only events of these kinds, separated by commas.")] = None,
    after: Annotated[str | None, typer.Option(help="Cursor to begin at; from now on if not given.")] = None,
) -> None:
    """Tell another system what happens; prints the secret it checks signatures with, once."""
    out = output_of(context)
    wanted = [kind.strip() for kind in kinds.split(",")] if kinds else None
    begin = Cursor.parse(after) if after else None
    with unit_of_work(service_engine(out)) as session:
        made = outbox.add(session, out.actor, url, tree=tree, kinds=wanted, after=begin)
    out.show(f"Webhook {made.id} is told what happens after {made.cursor}, while the service runs.")
    out.show(f"Its secret, which is not shown again: {made.secret}")
    out.result({"webhook": made.id, "secret": made.secret, "cursor": str(made.cursor)})


@app.command("list")
def list_webhooks(context: typer.Context) -> None:
    """List the webhooks: how far each has come, and what it answered last."""
    out = output_of(context)
    with Session(service_engine(out)) as session:
        found = outbox.listed(session)
    for one in found:
        said = one["last_answer"]
        answered = f", last answer {said['status'] or said['fault']}" if said else ""
        trouble = f", {one['failures']} tries failed, next at {one['next_try_at']}" if one["failures"] else ""
        out.show(
            f"{one['id']}  {one['url']} ({one['tree'] or 'all cities'}, {', '.join(one['kinds'] or ['all kinds'])}): "
            f"{one['state']} at {one['cursor']}, {one['behind']} events before it{answered}{trouble}"
        )
    out.show(f"{len(found)} webhooks.")
    out.result({"webhooks": found})


@app.command("pause")
def pause(context: typer.Context, number: Number) -> None:
    """Tell a webhook nothing for a while; it loses nothing."""
    out = output_of(context)
    with unit_of_work(service_engine(out)) as session:
        outbox.pause(session, number)
    out.show(f"Webhook {number} is paused.")
    out.result({"webhook": number, "state": "paused"})


@app.command("resume")
def resume(context: typer.Context, number: Number) -> None:
    """Go on where a webhook stopped, at once."""
    out = output_of(context)
    with unit_of_work(service_engine(out)) as session:
        outbox.resume(session, number)
    out.show(f"Webhook {number} goes on.")
    out.result({"webhook": number, "state": "active"})


@app.command("replay")
def replay(
    context: typer.Context,
    number: Number,
    after: Annotated[str, typer.Option(help="Cursor after which everything is told again; 0-0 is the beginning.")],
) -> None:
    """Tell a webhook again everything after a cursor, and go on from there."""
    out = output_of(context)
    begin = Cursor.parse(after)
    with unit_of_work(service_engine(out)) as session:
        outbox.replay(session, number, begin)
    out.show(f"Webhook {number} is told again what happened after {begin}.")
    out.result({"webhook": number, "state": "active", "cursor": str(begin)})
