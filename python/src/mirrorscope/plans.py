"""A plan of ablations, as `mirrorscope plan` writes it: which units are replaced by what, and on which examples outcomes are compared."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from mirrorscope.errors import BadValue, PlanError

ArmKind = Literal["intact", "target", "reference"]
_KINDS = ("intact", "target", "reference")
_T = TypeVar("_T")


@dataclass(frozen=True)
class PlanRecording:
    """The recording on which the plan was made; its path as the plan has it."""

    path: str
    sha256: str | None
    rows: int
    network: str | None
    epoch: int | None


@dataclass(frozen=True)
class PlanSplit:
    """How rows were divided: units were chosen on the select rows, outcomes are compared on the others."""

    source: str
    sha256: str | None
    select_rows: int
    evaluate_rows: int
    same_rows: bool


@dataclass(frozen=True)
class PlanExample:
    """What outcomes are given for: one row of the recording, or several that share an example."""

    example: str
    rows: tuple[int, ...]
    phase: str | None
    stratum: int | None
    pair: int | None


@dataclass(frozen=True)
class PlanTarget:
    """Units of a layer whose ablation is asked about, and how well its references match them."""

    id: str
    layer: str
    units: tuple[int, ...]
    direction: str | None
    smd_activation: float | None
    smd_norm: float | None
    obstacle: str | None
    shortage: str | None


@dataclass(frozen=True)
class PlanArm:
    """One evaluation: of the network as it is, or with units of a layer replaced."""

    id: str
    kind: ArmKind
    target: str | None
    layer: str | None
    units: tuple[int, ...]
    # One for each unit; None where the arm takes donors' activations, or removes a direction.
    values: tuple[float, ...] | None
    # Of length 1, one number for each unit of the layer.
    direction: NDArray[np.float64] | None
    # From 1; None where no donors are drawn.
    draw: int | None
    # From 1, of the target's; None for others.
    reference: int | None = None


@dataclass(frozen=True)
class Plan:
    """See `load_plan`."""

    path: Path
    id: str
    # SHA-256 over what the plan says, whatever its spaces and the order of its keys.
    sha256: str
    schema_version: str
    program: str
    mode: str
    seed: int
    controls: int
    draws: int
    recording: PlanRecording
    split: PlanSplit
    primary_outcome: str | None
    example_column: str | None
    examples: tuple[PlanExample, ...]
    # Of each draw the row of the recording whose activations each example gets.
    donors: tuple[tuple[int, ...], ...]
    targets: tuple[PlanTarget, ...]
    arms: tuple[PlanArm, ...]

    @property
    def takes_donors(self) -> bool:
        """Whether arms put recorded activations of other rows in the place of an example's own."""
        return any(arm.draw is not None and arm.layer is not None for arm in self.arms)


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Reads a plan that `mirrorscope plan` wrote, and checks that its parts fit together.

    Raises:
        PlanError: One sentence on which part of the plan is wrong.
    """
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PlanError(f"{path}: the plan cannot be read ({error.strerror}); give the file that 'mirrorscope plan' wrote.") from None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("schema") != "mirrorscope-plan":
        raise PlanError(f"{path}: it is no plan of Mirrorscope; give the file that 'mirrorscope plan' wrote.")
    try:
        return _plan(path, _Part("the plan", found), found)
    except BadValue as fault:
        raise PlanError(f"{path}: {fault}") from None


class _Part:
    """An object of the JSON, whose entries are taken by name and type."""

    def __init__(self, what: str, found: Any) -> None:
        if not isinstance(found, Mapping):
            raise BadValue(f"{what} is no object; make the plan again with 'mirrorscope plan'.")
        self.what = what
        self.found = found

    def text(self, name: str) -> str:
        return self._taken(name, "a text", lambda value: value if isinstance(value, str) else None)

    def integer(self, name: str, least: int | None = None) -> int:
        kind = "an integer" if least is None else f"an integer of {least} or more"

        def taken(value: Any) -> int | None:
            return int(value) if _is_integer(value, least) else None

        return self._taken(name, kind, taken)

    def number(self, name: str) -> float:
        return self._taken(name, "a number", _number)

    def truth(self, name: str) -> bool:
        return self._taken(name, "true or false", lambda value: value if isinstance(value, bool) else None)

    def integers(self, name: str) -> tuple[int, ...]:
        def taken(value: Any) -> tuple[int, ...] | None:
            return tuple(value) if isinstance(value, list) and all(_is_integer(item, 0) for item in value) else None

        return self._taken(name, "a list of integers of 0 or more", taken)

    def numbers(self, name: str) -> tuple[float, ...]:
        def taken(value: Any) -> tuple[float, ...] | None:
            numbers = [_number(item) for item in value] if isinstance(value, list) else [None]
            return None if None in numbers else tuple(number for number in numbers if number is not None)

        return self._taken(name, "a list of finite numbers", taken)

    def parts(self, name: str, what: str) -> list[_Part]:
        items = self._taken(name, "a list", lambda value: value if isinstance(value, list) else None)
        return [_Part(f"{what} {index}", item) for index, item in enumerate(items)]

    def part(self, name: str) -> _Part:
        return _Part(name, self.found.get(name))

    def optional(self, name: str, take: Callable[[str], _T]) -> _T | None:
        return None if self.found.get(name) is None else take(name)

    def _taken(self, name: str, kind: str, taken: Callable[[Any], _T | None]) -> _T:
        value = taken(self.found.get(name))
        if value is None:
            raise BadValue(f"{name} of {self.what} is not {kind}; make the plan again with 'mirrorscope plan'.")
        return value


def _is_integer(value: Any, least: int | None) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _plan(path: Path, part: _Part, found: Mapping[str, Any]) -> Plan:
    version = part.text("schema_version")
    if version.partition(".")[0] != "1":
        raise BadValue(f"its schema is version {version}, and this is a reader of version 1; install the package of that Mirrorscope.")
    recording, split = part.part("recording"), part.part("split")
    examples = tuple(_example(item) for item in part.parts("examples", "example"))
    targets = tuple(_target(item) for item in part.parts("targets", "target"))
    arms = tuple(_arm(item) for item in part.parts("arms", "arm"))
    draws = part.integer("draws", 1)
    donors = tuple(_donors(index, item) for index, item in enumerate(part.found.get("donors") or ()))
    _refuse_twice("example", [example.example for example in examples])
    _refuse_twice("arm", [arm.id for arm in arms])
    plan = Plan(
        path=path,
        id=part.text("plan_id"),
        sha256=hashlib.sha256(json.dumps(found, sort_keys=True, ensure_ascii=True).encode()).hexdigest(),
        schema_version=version,
        program=part.text("program"),
        mode=part.text("mode"),
        seed=part.integer("seed"),
        controls=part.integer("controls", 0),
        draws=draws,
        recording=PlanRecording(
            recording.text("path"),
            recording.optional("sha256", recording.text),
            recording.integer("rows", 0),
            recording.optional("network", recording.text),
            recording.optional("epoch", recording.integer),
        ),
        split=PlanSplit(
            split.text("source"),
            split.optional("sha256", split.text),
            split.integer("select_rows", 0),
            split.integer("evaluate_rows", 0),
            split.truth("same_rows"),
        ),
        primary_outcome=part.optional("primary_outcome", part.text),
        example_column=part.optional("example_column", part.text),
        examples=examples,
        donors=donors,
        targets=targets,
        arms=arms,
    )
    _check(plan)
    return plan


def _example(part: _Part) -> PlanExample:
    return PlanExample(
        part.text("example"),
        part.integers("rows"),
        part.optional("phase", part.text),
        part.optional("stratum", part.integer),
        part.optional("pair", part.integer),
    )


def _target(part: _Part) -> PlanTarget:
    return PlanTarget(
        part.text("id"),
        part.text("layer"),
        part.optional("units", part.integers) or (),
        part.optional("direction", part.text),
        part.optional("smd_activation", part.number),
        part.optional("smd_norm", part.number),
        part.optional("obstacle", part.text),
        part.optional("shortage", part.text),
    )


def _arm(part: _Part) -> PlanArm:
    name = part.text("id")
    part.what = f"arm {name}"
    kind = part.text("kind")
    if kind not in _KINDS:
        raise BadValue(f"arm {name} is of the kind {kind}; this version knows {', '.join(_KINDS)}.")
    if kind == "intact":
        return PlanArm(name, "intact", None, None, (), None, None, None)
    direction = part.optional("direction", part.numbers)
    units = part.optional("units", part.integers) or ()
    values = part.optional("values", part.numbers)
    draw = part.optional("draw", lambda entry: part.integer(entry, 1))
    if sum(given is not None for given in (direction, values, draw)) != 1:
        raise BadValue(f"arm {name} does not say by what its units are replaced: by values, by donors of a draw, or a direction.")
    if direction is not None and abs(math.hypot(*direction) - 1) > 1e-3:
        raise BadValue(f"the direction of arm {name} is of length {math.hypot(*direction):.6g}, not 1.")
    if direction is None and (not units or len(set(units)) != len(units)):
        raise BadValue(f"arm {name} has no units, or one of them twice.")
    if values is not None and len(values) != len(units):
        raise BadValue(f"arm {name} has {len(values)} values for {len(units)} units.")
    vector = None if direction is None else np.array(direction)
    role: ArmKind = "target" if kind == "target" else "reference"
    return PlanArm(
        name, role, part.text("target"), part.text("layer"), units, values, vector, draw, part.optional("reference", part.integer)
    )


def _donors(index: int, found: Any) -> tuple[int, ...]:
    if not isinstance(found, list) or not all(_is_integer(row, 0) for row in found):
        raise BadValue(f"the donors of draw {index + 1} are no list of rows.")
    return tuple(found)


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadValue(f"{what} {name} is there twice, so that its outcomes could not be told apart.")
        seen.add(name)


def _check(plan: Plan) -> None:
    if not plan.examples:
        raise BadValue("there are no examples; leave rows for evaluation when the plan is made.")
    if not plan.arms:
        raise BadValue("there are no arms.")
    targets = {target.id for target in plan.targets}
    for arm in plan.arms:
        if arm.target is not None and arm.target not in targets:
            raise BadValue(f"arm {arm.id} belongs to target {arm.target}, which is none of the plan's.")
        if arm.draw is not None and arm.draw > len(plan.donors):
            raise BadValue(f"arm {arm.id} is of draw {arm.draw}, but there are donors of {len(plan.donors)} draws.")
    for draw, donors in enumerate(plan.donors, 1):
        if len(donors) != len(plan.examples):
            raise BadValue(f"draw {draw} has {len(donors)} donors for {len(plan.examples)} examples.")
        if max(donors) >= plan.recording.rows:
            raise BadValue(f"draw {draw} has the donor {max(donors)}, but the recording has {plan.recording.rows} rows.")
    for example in plan.examples:
        if any(row >= plan.recording.rows for row in example.rows):
            raise BadValue(f"example {example.example} has the row {max(example.rows)}, but the recording has {plan.recording.rows} rows.")
