"""Measure every engine, scope and rule on a data set with masks, and write the page docs/benchmark.md.

    python -m benchmarks.detection DATASET [--engine NAME ...] [--grid N] [--out FILE] [--readme]
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from benchmarks.detection_page import Measured, readme_block, write_page
from segdetect.datasets import Dataset, read_dataset
from segdetect.engines.base import Engine
from segdetect.engines.registry import AUTO_ORDER, default_engines
from segdetect.errors import EngineError, EngineUnavailableError, SegDetectError
from segdetect.evaluation import evaluate_each
from segdetect.evaluation_figures import Evaluation
from segdetect.pipeline import Inspector
from segdetect.settings import DEFAULT_GRID, EngineName, GridSize, Rule, RuleName, Scope, Settings

ROOT: Final = Path(__file__).parents[1]
GRIDS: Final = (4, 7, 10, 14)
RULES: Final = {
    Scope.SELF: (RuleName.STOCK, RuleName.FENCE, RuleName.GATE),
    Scope.REFERENCES: (RuleName.FENCE, RuleName.GATE, RuleName.CALIBRATED),
    Scope.BATCH: (RuleName.FENCE, RuleName.GATE, RuleName.CALIBRATED),
}
