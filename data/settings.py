"""Settings, read from GRIDKEEPER_* in the environment when the class is called, never at import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gis.errors import BadInput

_PROJECT = Path(__file__).resolve().parent.parent


def _default_home() -> Path:
    """`var` beside pyproject.toml in a checkout, else the user's own data folder."""
    if (_PROJECT / "pyproject.toml").is_file():
        return _PROJECT / "var"
    return Path.home() / ".local/share/gridkeeper"


class _Settings(BaseSettings):
    """Mistakes are told by the variable's name, without its value: it may hold a password."""

    model_config = SettingsConfigDict(env_prefix="GRIDKEEPER_", env_ignore_empty=True, extra="ignore")

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            first = error.errors()[0]
            name = f"GRIDKEEPER_{first['loc'][0]}".upper()
            raise BadInput(
                "bad_setting",
                f"The setting {name} is wrong: {first['msg'].removeprefix('Value error, ')}.",
                field=name,
            ) from None


class DatabaseSettings(_Settings):
    """Where the database is.

    Attributes:
        database_url: Any PostGIS that is to be used instead of the embedded one.
        owner_url: Login that may act as the owner role, where `database_url` may only serve.
        home: Folder of the embedded cluster.
        database: Name of the database inside the embedded cluster.
    """

    database_url: str | None = None
    owner_url: str | None = None
    home: Path = Field(default_factory=_default_home)
    database: str = "gridkeeper"

    @field_validator("database_url", "owner_url")
    @classmethod
    def _with_our_driver(cls, url: str | None) -> str | None:
        """SQLAlchemy reads a plain postgresql:// as psycopg 3, so the driver is written out."""
        if url is None:
            return None
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ValueError("must look like postgresql://login@host/database") from None
        if parsed.drivername not in ("postgres", "postgresql", "postgresql+psycopg2"):
            raise ValueError(f"must begin with postgresql://, not with {parsed.drivername}://")
        if not parsed.database:
            raise ValueError("must name the database, as in postgresql://login@host/database")
        return parsed.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()


class PatrolSettings(_Settings):
    """How long it is kept where people were.

    Attributes:
        fixes_kept_days: Days of fixes that are kept, today not counted; 0 for ever.
    """

    fixes_kept_days: int = Field(default=30, ge=0, le=36_500)


class ServiceSettings(_Settings):
    """Where the service listens.

    Attributes:
        port: TCP port on 127.0.0.1.
        hosts: Further names under which a proxy reaches us, as a browser sends them: city.example or
            city.example:8443, separated by commas. 127.0.0.1, localhost and [::1] are always ours.
    """

    port: int = Field(default=8000, ge=1, le=65535)
    hosts: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("hosts", mode="before")
    @classmethod
    def _split(cls, hosts: Any) -> Any:
        return tuple(name.strip().lower() for name in hosts.split(",")) if isinstance(hosts, str) else hosts
