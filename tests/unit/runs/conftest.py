"""What the tests of runs share."""

from __future__ import annotations

import pytest

from segdetect.memo import Budget
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName
from tests.support.tiny_engine import TinyDenseEngine


@pytest.fixture
def inspector() -> Inspector:
    """One of its own for each test, with a tiny engine."""
    return Inspector({EngineName.TEXTURE: TinyDenseEngine()}, budget=Budget(1 << 26))
