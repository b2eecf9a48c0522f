"""`gridkeeper draft list | export | import`: drafts as files for other drawing programs, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api.cli.imports.speech import Crs, Encoding, File, LayerName
from api.cli.output import output_of
from api.cli.service import service_engine
from data.readers.features import read_features
from data.session import unit_of_work
from layers.rezoning import exchange, reading
from layers.rezoning.drafts import opened

app = typer.Typer(no_args_is_help=True, help="List drafts of boundaries, take one to another program and back.")

Number = Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Number of the draft.")]


@app.command("list")
def list_drafts(
    context: typer.Context,
    scheme: Annotated[str | None, typer.Option(help="Only drafts of this scheme.")] = None,
) -> None:
    """List the drafts."""
    out = output_of(context)
    with Session(service_engine(out)) as session:
        found = reading.listed(session, scheme=scheme)
    for one in found:
        stale = ", stale" if one["is_stale"] else ""
        out.show(
            f"{one['id']}  {one['name']} ({one['scheme']}, version {one['base_version']}{stale}): {one['state']}, "
            f"{one['grids_changed']} grids changed, by {one['owner']}"
        )
    out.show(f"{len(found)} drafts.")
    out.result({"drafts": found})


@app.command("export")
def export_draft(
    context: typer.Context,
    number: Number,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write; the ending chooses the format.")],
) -> None:
    """Write all grids of a draft to a file, to be edited elsewhere."""
    out = output_of(context)
    with unit_of_work(service_engine(out, long=True)) as session:
        grids = exchange.export(session, out.actor, number, output)
    out.show(f"{grids} grids of draft {number} written to {output}")
    out.result({"draft": number, "grids": grids, "file": str(output)})


@app.command("import")
def import_draft(
    context: typer.Context,
    number: Number,
    file: File,
    crs: Crs = None,
    encoding: Encoding = None,
    layer: LayerName = None,
) -> None:
    """Bring a file back: what changed in it becomes one edit of the draft."""
    out = output_of(context)
    bind = service_engine(out, long=True)
    frame = read_features(file, layer=layer, crs=crs, encoding=encoding)
    with unit_of_work(bind) as session:
        revision = opened(session, number).draft.revision
        made = exchange.bring_back(session, out.actor, number, frame, file=file.name, revision=revision).edited
    new = [number for number, before in zip(made.numbers, made.before, strict=True) if before is None]
    ended = [number for number, after in zip(made.numbers, made.after, strict=True) if after is None]
    changed = [number for number in made.numbers if number not in {*new, *ended}]
    out.show(f"{len(changed)} grids changed, {len(new)} are new, {len(ended)} end; the others are as they were.")
    out.result({"draft": number, "changed": changed, "new": new, "ended": ended})
