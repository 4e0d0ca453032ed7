"""Run by Alembic: migrates the connection that `pipeline.state.migrate` hands over."""

from alembic import context

from pipeline.state.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a column only by copying its table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
