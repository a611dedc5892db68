"""How the history's tables came to be, in numbered steps that Alembic takes."""
