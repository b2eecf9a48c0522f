"""SQL is a source language: each statement that deserves a name is a file here."""

from functools import cache
from importlib.resources import files

from sqlalchemy import TextClause, text


@cache
def statement(name: str) -> TextClause:
    """The statement in `data/sql/NAME.sql`, with :named parameters."""
    return text(files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8"))
