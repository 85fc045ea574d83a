"""Runs the migrations on the connection that `services.adapters.sql.migrate` hands over."""

from __future__ import annotations

from alembic import context

from services.adapters.sql.base import metadata

connection = context.config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite cannot alter a table in place.
    render_as_batch=True,
    # Both databases roll schema changes back; on SQLite our engine issues BEGIN itself.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
