"""Alembic's environment: always online, on the connection that data.migrate hands over."""

from typing import Literal

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy.sql.schema import SchemaItem

from data.tables import Base

Kind = Literal["schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint", "check_constraint"]


def include_object(
    item: SchemaItem, name: str | None, kind: Kind, reflected: bool, compare_to: SchemaItem | None
) -> bool:
    """Leave alone what the metadata does not know: extensions' tables, partitions, other people's."""
    if kind == "table" and reflected and compare_to is None:
        return False
    return bool(alembic_helpers.include_object(item, name, kind, reflected, compare_to))  # type: ignore[no-untyped-call]


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=include_object,
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
