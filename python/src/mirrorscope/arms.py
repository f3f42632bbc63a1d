"""An arm of a plan as the user's evaluation sees it, and the examples that the model is about to be given."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mirrorscope.arrays import to_numpy
from mirrorscope.errors import BadValue, PlanError
from mirrorscope.plans import ArmKind, Plan, PlanArm


class Arm:
    """One evaluation: the network as it is (`kind` is `intact`), or with units of a layer replaced.

    `id`, `kind`, `target`, `layer`, `units` and `draw` are the plan's; `units` is empty where a direction is removed.
    """

    def __init__(self, plan: Plan, arm: PlanArm) -> None:
        self.id: str = arm.id
        self.kind: ArmKind = arm.kind
        self.target: str | None = arm.target
        self.layer: str | None = arm.layer
        self.units: tuple[int, ...] = arm.units
        self.draw: int | None = arm.draw
        self._plan = plan
        self._batch: Batch | None = None

    def __repr__(self) -> str:
        return f"Arm({self.id!r}, kind={self.kind!r}, layer={self.layer!r}, units={list(self.units)})"

    def batch(self, examples: Any, /, *, attention_mask: Any = None) -> Batch:
        """Says which examples the next forward pass of the model holds.

        Plans of the mode `resample` need it, since each example gets the activations of a donor of its own; with others it does no harm.

        ```python
        arm.batch(range(0, 32))
        model(inputs[0:32])
        with arm.batch(range(32, 64)):  # for what is not called as a whole: all that runs inside holds these examples
            policy.predict(inputs[32:64])
        ```

        Args:
            examples: Their places in the plan's `examples`, from 0, in the order of the batch.
            attention_mask: `[examples, tokens]`, 1 for a token and 0 for padding, for `positions="last"`. Without it the `attention_mask`
                that the model is called with counts.
        """
        try:
            array, _ = to_numpy(list(examples) if isinstance(examples, range) else examples)
            count = len(self._plan.examples)
            if array.ndim != 1 or (array.dtype.kind not in "iu" and len(array)):
                raise BadValue("batch takes the places of the examples in the plan, a list of integers.")
            if len(array) == 0 or array.min() < 0 or array.max() >= count:
                raise BadValue(f"batch holds no examples, or others than 0 to {count - 1}, which the plan has.")
        except (BadValue, ValueError) as fault:
            raise PlanError(f"{self._plan.path}: arm {self.id}: {fault}") from None
        self._batch = Batch(self, array.astype(np.int64), attention_mask)
        return self._batch


class Batch:
    """What `Arm.batch` gives; in a `with` statement it holds for all that runs inside."""

    def __init__(self, arm: Arm, examples: NDArray[np.int64], attention_mask: Any) -> None:
        self.examples = examples
        self.attention_mask = attention_mask
        self.is_held = False
        self._arm = arm

    def __enter__(self) -> Batch:
        self.is_held = True
        self._arm._batch = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.is_held = False
        self._arm._batch = None
