"""Runs on the connection that kernel/platform/migrations.py hands over; it owns the transaction."""

from alembic import context

options = context.config.attributes
context.configure(connection=options["connection"], target_metadata=options["metadata"], **options["configure"])
with context.begin_transaction():
    context.run_migrations()
