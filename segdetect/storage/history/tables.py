"""The history's tables as this version uses them; the steps in `migrations` make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

# Of the last step: what a database must have reached to be used.
HEAD: Final = "0003"
VERSIONS: Final = "segdetect_version"
METADATA: Final = MetaData()


class Time(TypeDecorator[datetime]):
    """A moment in UTC, also where the database keeps no time zone with it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As the database has it."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As the program has it."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")

runs: Final = Table(
    "segdetect_run",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("started", Time, nullable=False),
    Column("settings", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("program_version", Text, nullable=False),
)

pictures: Final = Table(
    "segdetect_picture",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
)

# What is listed and searched stands in rows of a few hundred bytes, so that going through all of them is quick.
inspections: Final = Table(
    "segdetect_inspection",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("run", String(64), ForeignKey("segdetect_run.id"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("account", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("page", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("engine", Text, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("flagged", Integer, nullable=False),
    Column("highest", Double),
    Column("threshold", Double),
    Column("seconds", Double, nullable=False),
    Column("created", Time, nullable=False),
    Column("plan", Text),
    Column("plan_version", Integer),
    Column("picture", String(64), ForeignKey("segdetect_picture.sha256")),
    Column("bytes", Integer, nullable=False),
)

# What is read when an entry is shown. The thumbnail is with it and no file of its own: it comes and goes with the entry
# in one transaction, and every machine that shares the database sees it.
documents: Final = Table(
    "segdetect_document",
    METADATA,
    Column("inspection", _NUMBER, ForeignKey("segdetect_inspection.id", ondelete="CASCADE"), primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("thumbnail", LargeBinary),
)

# Entries that were deleted and may still be wanted back. Nearly always empty, so that asking it costs nothing.
hidden: Final = Table(
    "segdetect_hidden",
    METADATA,
    Column("inspection", _NUMBER, ForeignKey("segdetect_inspection.id", ondelete="CASCADE"), primary_key=True),
    Column("since", Time, nullable=False),
)

limits: Final = Table(
    "segdetect_limit",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("days", Integer),
    Column("bytes", BigInteger),
)

# No row is ever altered: what someone takes back is a further row. A review outlives the entry that it is about.
reviews: Final = Table(
    "segdetect_review",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("inspection", _NUMBER, nullable=False),
    Column("inspected", Time, nullable=False),
    Column("image", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("page", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("plan", Text),
    Column("plan_version", Integer),
    Column("place", String(64), nullable=False),
    Column("boxes", Text, nullable=False),
    Column("drawn", Text),
    Column("judgement", String(16), nullable=False),
    Column("label", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("created", Time, nullable=False),
)
