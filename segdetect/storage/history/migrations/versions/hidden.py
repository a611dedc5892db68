"""Entries that were deleted and may still be wanted back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "segdetect_hidden",
        sa.Column(
            "inspection",
            _NUMBER,
            sa.ForeignKey("segdetect_inspection.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
