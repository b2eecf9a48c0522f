"""`gridkeeper draft publish | withdraw`, `gridkeeper rollback`, `gridkeeper publish-due`."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.drafts import Number, app
from api.cli.instants import parse_instant
from api.cli.output import Output, output_of
from api.cli.service import service_engine
from data.session import unit_of_work
from gis.errors import BadInput
from layers.cases.moving import RULES, Rule
from layers.rezoning import publishing
from layers.rezoning.carrying_out import Asked, Done
from layers.rezoning.drafts import opened
from layers.rezoning.history import versions
from layers.rezoning.schedule import publish_due as publish_all_due

Reason = Annotated[str, typer.Option(help="Why, for the record.")]
OpenCases = Annotated[str, typer.Option(help="What becomes of open cases whose ground changes hands: move or keep.")]


@app.command()
def publish(
    context: typer.Context,
    number: Number,
    reason: Reason,
    at: Annotated[str | None, typer.Option(help="An instant to come; now if not given.")] = None,
    open_cases: OpenCases = "move",
) -> None:
    """Publish a draft as it is now, at once or at an instant to come."""
    out = output_of(context)
    asked = Asked(reason=reason, open_cases=_rule(open_cases))
    with unit_of_work(service_engine(out, long=True)) as session:
        found = opened(session, number)
        revision = found.draft.revision
        if at is None:
            done = publishing.publish(session, out.actor, number, revision=revision, asked=asked)
        else:
            instant = parse_instant(at, tz=found.scheme.time_zone)
            publishing.schedule(session, out.actor, number, revision=revision, asked=asked, at=instant)
    if at is None:
        _tell(out, done)
        out.result({"draft": number, **done.told()})
        return
    out.show(f"Draft {number} is published at {instant.isoformat()}, while the service runs or by publish-due.")
    out.result({"draft": number, "state": "scheduled", "publish_at": instant.isoformat()})


@app.command()
def withdraw(context: typer.Context, number: Number) -> None:
    """Give a draft up; one that is scheduled is not published."""
    out = output_of(context)
    with unit_of_work(service_engine(out)) as session:
        publishing.withdraw(session, out.actor, number, revision=opened(session, number).draft.revision)
    out.show(f"Draft {number} is withdrawn.")
    out.result({"draft": number, "state": "withdrawn"})


def rollback(
    context: typer.Context,
    scheme: Annotated[str, typer.Argument(help="Name of the scheme.")],
    version: Annotated[int, typer.Argument(help="Number of the version to bring back.")],
    reason: Reason,
    open_cases: OpenCases = "move",
) -> None:
    """Bring an older version of a scheme's boundaries back as a new version."""
    out = output_of(context)
    asked = Asked(reason=reason, open_cases=_rule(open_cases), reinstated=True)
    with unit_of_work(service_engine(out, long=True)) as session:
        seen = versions(session, scheme)["newest"]
        done = publishing.roll_back(session, out.actor, scheme, to_version=version, seen_version=seen, asked=asked)
    _tell(out, done)
    out.result({"scheme": scheme, **done.told()})


def publish_due(context: typer.Context) -> None:
    """Publish the scheduled drafts whose instant has come; a running service does it by itself."""
    out = output_of(context)
    found = publish_all_due(service_engine(out, long=True))
    for due in found:
        if due.done is not None:
            _tell(out, due.done)
        else:
            out.show(f"Draft {due.draft_id} could not be published and is approved again: {due.refused}")
    out.show(f"{len(found)} drafts were due.")
    out.result(
        {
            "due": [
                {
                    "draft": due.draft_id,
                    "published": due.done and due.done.told(),
                    "refused": due.refused and {"code": due.refused.code, "detail": due.refused.detail},
                }
                for due in found
            ]
        }
    )


def _tell(out: Output, done: Done) -> None:
    codes = f" ({', '.join(done.codes.values())})" if done.codes else ""
    out.show(
        f"Version {done.version} holds since {done.since.isoformat()}: {done.changed} grids have new ground, "
        f"{len(done.codes)} of them are new{codes}, {len(done.ended)} ended."
    )
    out.show(
        f"{done.cases_moved} open cases moved, {done.cases_queued} of them to the queue, {done.cases_kept} were kept; "
        f"{done.duties_carried} duties were carried over."
    )


def _rule(word: str) -> Rule:
    for rule in RULES:
        if rule == word:
            return rule
    raise BadInput(
        "unknown_word", f"'{word}' is no rule for open cases; known: {', '.join(RULES)}.", field="open_cases"
    )
