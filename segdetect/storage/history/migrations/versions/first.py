"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Digests are compared byte by byte, whatever language the database sorts by.
_DIGEST = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make them."""
    _make_runs()
    _make_inspections()
    _make_documents()
    _make_limits()
    _make_indexes()


def _make_runs() -> None:
    op.create_table(
        "segdetect_run",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started", _TIME, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("engine_version", sa.Text, nullable=False),
        sa.Column("program_version", sa.Text, nullable=False),
    )


def _make_inspections() -> None:
    op.create_table(
        "segdetect_picture",
        sa.Column("sha256", _DIGEST, primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "segdetect_inspection",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("run", sa.String(64), sa.ForeignKey("segdetect_run.id"), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("sha256", _DIGEST, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("flagged", sa.Integer, nullable=False),
        sa.Column("highest", sa.Double),
        sa.Column("threshold", sa.Double),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("plan", sa.Text),
        sa.Column("plan_version", sa.Integer),
        sa.Column("picture", _DIGEST, sa.ForeignKey("segdetect_picture.sha256")),
        sa.Column("bytes", sa.Integer, nullable=False),
        # The number of an entry that was deleted is never that of another.
        sqlite_autoincrement=True,
    )


def _make_documents() -> None:
    op.create_table(
        "segdetect_document",
        sa.Column(
            "inspection",
            _NUMBER,
            sa.ForeignKey("segdetect_inspection.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary),
    )


def _make_limits() -> None:
    op.create_table(
        "segdetect_limit",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("days", sa.Integer),
        sa.Column("bytes", sa.BigInteger),
    )


def _make_indexes() -> None:
    op.create_index("segdetect_inspection_once", "segdetect_inspection", ["run", "key"], unique=True)
    # With the bytes, how much there is can be summed up without a look at the rows.
    op.create_index("segdetect_inspection_newest", "segdetect_inspection", ["account", "created", "id", "bytes"])
    op.create_index("segdetect_inspection_verdict", "segdetect_inspection", ["account", "verdict", "created", "id"])
    op.create_index("segdetect_inspection_digest", "segdetect_inspection", ["account", "sha256"])
    op.create_index("segdetect_inspection_plan", "segdetect_inspection", ["account", "plan", "created", "id"])
    op.create_index("segdetect_inspection_picture", "segdetect_inspection", ["picture"])
    op.create_index("segdetect_run_account", "segdetect_run", ["account"])
