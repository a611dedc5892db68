"""What people say of what was found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make their table; a review outlives the entry that it is about."""
    op.create_table(
        "segdetect_review",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("inspection", _NUMBER, nullable=False),
        sa.Column("inspected", _TIME, nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("plan", sa.Text),
        sa.Column("plan_version", sa.Integer),
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("boxes", sa.Text, nullable=False),
        sa.Column("drawn", sa.Text),
        sa.Column("judgement", sa.String(16), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("segdetect_review_inspection", "segdetect_review", ["account", "inspection"])
    op.create_index("segdetect_review_plan", "segdetect_review", ["account", "plan"])
