"""Alembic's environment: `env` runs the revisions in ``versions`` on the connection that it is given."""
