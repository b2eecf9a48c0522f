"""`gridkeeper db`: the embedded database, or the one that GRIDKEEPER_DATABASE_URL names."""

from __future__ import annotations

import typer

from api.cli.output import output_of
from data import embedded
from data.ready import describe, ensure_ready
from data.settings import DatabaseSettings
from gis.errors import GridError

app = typer.Typer(no_args_is_help=True, help="Start, stop, look at and migrate the database.")


@app.command()
def start(context: typer.Context) -> None:
    """Start the embedded database; it keeps running until `db stop`."""
    out, settings = output_of(context), _embedded_settings()
    cluster = embedded.start(settings.home, out.say)
    out.show(f"The database runs in {cluster.place.data}")
    out.result(embedded.status(settings.home, database=settings.database))


@app.command()
def stop(context: typer.Context) -> None:
    """Stop the embedded database."""
    out, settings = output_of(context), _embedded_settings()
    stopped = embedded.stop(settings.home, out.say)
    out.show("The database is stopped" if stopped else "The database was not running")
    out.result({"stopped": stopped})


@app.command()
def status(context: typer.Context) -> None:
    """Tell whether the database runs and is migrated; exit code 0 when it is, else 3."""
    out = output_of(context)
    facts = describe(DatabaseSettings())
    for name, value in facts.items():
        out.show(f"{name}: {value}")
    out.result(facts)
    raise typer.Exit(0 if facts["running"] and facts["revision"] == facts["head"] else 3)


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the database to this program's revision; starts the embedded one if it is down."""
    out, settings = output_of(context), DatabaseSettings()
    ensure_ready(settings, out.say)
    facts = describe(settings)
    out.show(f"The database is at revision {facts['revision']}")
    out.result(facts)


def _embedded_settings() -> DatabaseSettings:
    settings = DatabaseSettings()
    if settings.database_url is not None:
        raise GridError(
            "database_is_not_ours",
            "GRIDKEEPER_DATABASE_URL names another database; whoever runs that starts and stops it.",
            field="GRIDKEEPER_DATABASE_URL",
        )
    return settings
