"""Where Alembic begins: the steps are taken on the connection, and within the transaction, that the history gives."""

from __future__ import annotations

from alembic import context

from segdetect.storage.history.tables import METADATA, VERSIONS

# SQLite, too, takes all steps or none: the history begins its transactions itself.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSIONS,
    transactional_ddl=True,
)
context.run_migrations()
