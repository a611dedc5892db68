"""Plans to begin with: settings for a trade, without pictures, which are part of the program."""

from __future__ import annotations

from typing import Final

from segdetect.settings import EngineName, GridSize, Rule, RuleName, Scope, Settings
from segdetect.storage.plans.plan import Plan

STARTING_POINTS: Final = (
    Plan(
        name="Surface texture",
        settings=Settings(grid=GridSize(7, 7), engine=EngineName.AUTO),
        notes="Cloth, mesh, leather, brushed metal: the picture repeats itself, so it is its own reference.",
    ),
    Plan(
        name="Fine defects in a texture",
        settings=Settings(grid=GridSize(14, 14), engine=EngineName.DINOV2),
        notes="Small tiles and the most accurate engine, for threads, pores and hairline scratches.",
    ),
    Plan(
        name="Printed or machined part",
        settings=Settings(grid=GridSize(8, 8), engine=EngineName.DINOV2, scope=Scope.REFERENCES),
        notes="A part looks different everywhere: only known-good pictures tell what is normal.",
    ),
    Plan(
        name="Circuit board",
        settings=Settings(grid=GridSize(12, 12), engine=EngineName.DINOV2, scope=Scope.REFERENCES),
        notes="Components are small and unlike each other: finer tiles, compared with good boards.",
    ),
    Plan(
        name="X-ray or scan",
        settings=Settings(
            grid=GridSize(10, 10),
            engine=EngineName.DINOV2,
            scope=Scope.REFERENCES,
            rule=Rule(RuleName.AUTO, false_alarms=0.1),
        ),
        notes="A missed finding costs more than a second look: one false alarm in ten normal pictures is allowed. "
        "Not a medical device.",
    ),
)
