"""Inspections as documents: exact, and nothing taken on trust."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segdetect.documents.failures import failure_document, read_failure
from segdetect.documents.inspections import inspection_document, read_inspection
from segdetect.documents.settings import read_settings, settings_record
from segdetect.errors import GridTooFineError, InputError, NothingToScoreError, SettingsError
from segdetect.inspection import Failure, Inspection
from segdetect.message import Message
from segdetect.output.tables import image_row
from segdetect.pictures.loading import image_from_pixels
from segdetect.pipeline import Inspector
from segdetect.settings import EngineName, GridSize, PlanVersion, Rule, RuleName, Scope, Settings
from tests.support.pictures import answer, picture, weave
from tests.support.tiny_engine import TinyDenseEngine


def _image(seed: int, name: str = "cloth.png") -> Any:
    pixels = np.random.default_rng(seed).integers(90, 130, (96, 128, 3)).astype(np.uint8)
    pixels[40:60, 70:90] = 250
    return image_from_pixels(pixels, name=name)


def _inspection(scope: Scope = Scope.SELF, rule: Rule | None = None) -> Inspection:
    inspector = Inspector({EngineName.TEXTURE: TinyDenseEngine()})
    bank = [] if scope is Scope.SELF else [_image(seed, f"good {seed}.png") for seed in (1, 2, 3)]
    settings = Settings(grid=GridSize(4, 6), engine=EngineName.TEXTURE, scope=scope, rule=rule or Rule())
    return inspector.inspect(_image(7), settings, bank=bank)


def _same(left: Any, right: Any) -> None:
    """All fields, arrays by bytes, sentences with what they were made of."""
    assert type(left) is type(right)
    if isinstance(left, np.ndarray):
        assert left.dtype == right.dtype
        assert left.shape == right.shape
        assert left.tobytes() == right.tobytes()
        assert not right.flags.writeable
    elif hasattr(left, "__dataclass_fields__"):
        for field in fields(left):
            _same(getattr(left, field.name), getattr(right, field.name))
    elif isinstance(left, tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            _same(one, other)
    elif isinstance(left, Message):
        assert (left.template, dict(left.values)) == (right.template, dict(right.values))
    else:
        assert left == right or (left != left and right != right)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("rule", [RuleName.AUTO, RuleName.STOCK, RuleName.FENCE])
def test_an_inspection_comes_back_bit_for_bit(scope: Scope, rule: RuleName) -> None:
    inspection = _inspection(scope, Rule(rule))
    text = json.dumps(inspection_document(inspection), allow_nan=False)
    _same(inspection, read_inspection(json.loads(text)))


@given(
    rows=st.integers(2, 32),
    threshold=st.floats(allow_nan=False, allow_infinity=False),
    false_alarms=st.floats(0.001, 0.5),
    scope=st.sampled_from(Scope),
    plan=st.none() | st.builds(PlanVersion, st.text(min_size=1), st.integers(1, 10**6)),
)
def test_settings_come_back(
    rows: int, threshold: float, false_alarms: float, scope: Scope, plan: PlanVersion | None
) -> None:
    rule = Rule(RuleName.THRESHOLD, threshold=threshold, false_alarms=false_alarms, expected_defective=false_alarms / 2)
    settings = Settings(grid=GridSize(rows, 3), scope=scope, rule=rule, plan=plan)
    assert read_settings(json.loads(json.dumps(settings_record(settings)))) == settings


@pytest.mark.parametrize("name", ["rows", "threshold", "false_alarms", "expected_defective"])
@pytest.mark.parametrize("value", [True, "1"])
def test_true_and_text_are_no_numbers(name: str, value: object) -> None:
    record = settings_record(Settings(rule=Rule(RuleName.THRESHOLD, threshold=0.5)))
    with pytest.raises((SettingsError, TypeError)):
        read_settings({**record, name: value})


def test_settings_from_before_the_expected_share_are_of_few_defective_pictures() -> None:
    record = settings_record(Settings(rule=Rule(expected_defective=0.5)))
    del record["expected_defective"]
    assert read_settings(record).rule.expected_defective == 0.1


def test_an_answer_from_before_it_was_told_what_it_takes_goes_by_its_threshold() -> None:
    made = answer(picture(weave((40, 40))), [0.1, 0.2, 0.3, 0.8], grid=GridSize(2, 2), flagged=[3], threshold=0.4)
    told = replace(made, decision=replace(made.decision, needed=0.5))
    document = json.loads(json.dumps(inspection_document(told)))
    assert (read_inspection(document).needed, read_inspection(document).excess) == (0.5, 1.6)
    del document["needed"]
    assert (read_inspection(document).needed, read_inspection(document).excess) == (0.4, 2.0)


def test_settings_from_before_there_were_plans_are_of_none() -> None:
    record = settings_record(Settings(plan=PlanVersion("cloth", 3)))
    del record["plan"]
    assert read_settings(record).plan is None


@pytest.mark.parametrize("plan", [{"name": "cloth"}, {"name": "", "version": 1}, {"name": "cloth", "version": 0}, 3])
def test_a_plan_that_is_none_is_damage(plan: object) -> None:
    with pytest.raises((SettingsError, ValueError, TypeError, LookupError)):
        read_settings({**settings_record(Settings()), "plan": plan})


def test_a_failure_comes_back() -> None:
    error = GridTooFineError(Message("{n:.2f} is little", n=0.125), remedy="Take more", file="a.png")
    failure = read_failure(json.loads(json.dumps(failure_document(Failure("a.png", error, "abc")))))
    assert (failure.image, failure.sha256, type(failure.error)) == ("a.png", "abc", GridTooFineError)
    assert str(failure.error) == str(error)


def test_a_failure_of_a_made_up_kind_is_refused() -> None:
    document = failure_document(Failure("a.png", NothingToScoreError("nothing"), ""))
    for kind in ("Exception", "errno", "storage_error", "Nope"):
        with pytest.raises(InputError):
            read_failure({**document, "kind": kind})


@pytest.mark.parametrize("document", [{}, [], "x", None, {"document": "other"}, {"document": "segdetect inspection"}])
def test_what_is_no_document_is_refused_in_words(document: Any) -> None:
    with pytest.raises(InputError, match=r"version|no inspection"):
        read_inspection(document)


def test_a_later_version_is_refused_in_words() -> None:
    with pytest.raises(InputError, match=r"version 2.*Install"):
        read_inspection({**inspection_document(_inspection()), "version": 2})


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in _places(part, (*path, key)))]


@given(st.data())
def test_a_damaged_document_is_read_or_refused(data: st.DataObject) -> None:
    document = copy.deepcopy(DOCUMENT)
    *way, last = data.draw(st.sampled_from(PLACES))
    holder = document
    for key in way:
        holder = holder[key]
    junk = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 10**30),
        st.floats(),
        st.text(),
        st.just([]),
        st.just({}),
        st.just({"a": 1}),
    )
    holder[last] = data.draw(junk)
    try:
        inspection = read_inspection(document)
    except InputError:
        return
    assert len(inspection.decision.flags) == inspection.scores.layout.grid.tiles
    assert inspection_document(inspection)


DOCUMENT = json.loads(json.dumps(inspection_document(_inspection(Scope.REFERENCES))))
PLACES = [place for place in _places(DOCUMENT) if place and place[0] not in ("document", "version")]


def test_a_threshold_that_nothing_was_learnt_for_is_left_empty_and_comes_back_as_it_was() -> None:
    image = picture(weave((40, 40)))
    made = answer(image, [0.1, 0.2, 0.3, 0.4], grid=GridSize(2, 2), threshold=math.nextafter(0.4, math.inf))
    document = json.loads(json.dumps(inspection_document(made)))
    assert document["threshold"] is None
    assert made.needed is made.excess is None
    assert image_row(made)["threshold"] is None
    assert read_inspection(document).decision.threshold == made.decision.threshold
