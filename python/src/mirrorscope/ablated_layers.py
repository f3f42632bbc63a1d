"""Hooks that replace units of a layer of a PyTorch model while an arm of a plan is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from mirrorscope.arms import Arm, Batch
from mirrorscope.donors import Donors
from mirrorscope.errors import BadValue
from mirrorscope.plans import PlanArm
from mirrorscope.torch_calls import attention_mask, called_with, has_decoder, mask_tensor, tokens_given
from mirrorscope.torch_layouts import Layouts, copy_mark, shape_text
from mirrorscope.torch_outputs import with_tensor
from mirrorscope.torch_rows import last_tokens

if TYPE_CHECKING:
    import torch

Positions = Literal["all", "last"]


class AblatedModel:
    """The hooks of one arm, on the model inside the `with` statement only.

    Args:
        arm: What the evaluation was given, which knows the batch.
        donors: Where units take recorded activations; every forward pass then has to know its examples, the intact network's too.
        width: Units of the layer in the recording, where that is at hand.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        modules: Mapping[str, torch.nn.Module],
        layouts: Layouts,
        planned: PlanArm,
        arm: Arm,
        positions: Positions,
        donors: Donors | None,
        width: int | None,
    ) -> None:
        self._model = model
        self._modules = modules
        self._layouts = layouts
        self._planned = planned
        self._arm = arm
        self._positions = positions
        self._donors = donors
        self._width = width
        self._handles: list[Any] = []
        self._is_running = False
        self._mask: torch.Tensor | None = None
        self._has_run = planned.layer is None
        # What went wrong in a hook: the evaluation may have caught it.
        self._fault: BadValue | None = None

    def __enter__(self) -> AblatedModel:
        try:
            if self._planned.layer is not None:
                # Marks are set before the layer's own hook sees them.
                self._handles += self._layouts.hooks()
                self._handles.append(self._modules[self._planned.layer].register_forward_hook(self._ablate))
            self._handles.append(self._model.register_forward_pre_hook(self._begin, with_kwargs=True))
            self._handles.append(self._model.register_forward_hook(self._end))
        except BaseException:
            self._remove_hooks()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._remove_hooks()

    def check(self) -> None:
        """Refuses an evaluation in which the layer was not ablated, or not as planned."""
        if self._fault is not None:
            raise self._fault
        if not self._has_run:
            raise BadValue(
                f"layer {self._planned.layer} did not run while the arm was evaluated; let evaluate use the model that run_plan was given."
            )

    def _remove_hooks(self) -> None:
        while self._handles:
            self._handles.pop().remove()

    # A forward pass

    def _begin(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self._is_running = True
            self._layouts.begin()
            batch = self._arm._batch
            if batch is None and self._donors is not None:
                raise BadValue(
                    "the model runs, but whose donors its examples get was not said; call arm.batch(…) with their places in the plan "
                    "before each forward pass."
                )
            if self._positions == "last":
                self._mask = self._mask_of(batch, called_with(module, args, kwargs))
        except BadValue as fault:
            self._fault = self._fault or fault
            raise

    def _mask_of(self, batch: Batch | None, given: Mapping[str, Any]) -> torch.Tensor | None:
        if batch is not None and batch.attention_mask is not None:
            mask = batch.attention_mask
        else:
            mask = attention_mask(given)
            if mask is not None and has_decoder(given):
                raise BadValue(
                    "the model has an encoder and a decoder, each with tokens of its own; say which with arm.batch(…, attention_mask=…)."
                )
        if mask is None:
            return None
        tensor = mask_tensor(mask)
        if tensor.dim() != 2:
            raise BadValue(f"attention_mask has {shape_text(tensor)}; give [examples, tokens], 1 for a token and 0 for padding.")
        # A model that keeps what it computed of earlier tokens is given the new ones alone, and a mask of all.
        new = tokens_given(given)
        if new is not None and new < tensor.shape[1]:
            tensor = tensor[:, tensor.shape[1] - new :]
        if not bool(tensor.any(dim=1).all()):
            raise BadValue("attention_mask has no token in an example of the batch; leave the example out.")
        return tensor

    def _end(self, module: torch.nn.Module, args: Any, output: Any) -> None:
        self._is_running = False
        self._mask = None
        batch = self._arm._batch
        if batch is not None and not batch.is_held:
            self._arm._batch = None

    # The layer

    def _ablate(self, module: torch.nn.Module, args: Any, output: Any) -> Any:
        name = self._planned.layer
        assert name is not None
        try:
            changed = with_tensor(name, output, lambda tensor: self._ablated(name, module, tensor))
        except BadValue as fault:
            self._fault = self._fault or fault
            raise
        self._has_run = True
        return changed

    def _ablated(self, name: str, module: torch.nn.Module, tensor: torch.Tensor) -> torch.Tensor:
        """A tensor of its own: what the module keeps of its output stays as it is."""
        import torch

        dimension = self._layouts.dimension(name, module, tensor)
        batch = self._arm._batch
        if batch is not None and len(batch.examples) != len(tensor):
            raise BadValue(
                f"layer {name} puts out {shape_text(tensor)} for a batch of {len(batch.examples)} examples; say with arm.batch(…) those of "
                "each forward pass."
            )
        if self._width is not None and self._width != tensor.shape[dimension]:
            raise BadValue(
                f"layer {name} has {self._width} units in the recording, but its module puts out {tensor.shape[dimension]}; record whole "
                "units, not positions or what a function makes of them."
            )
        original = tensor.movedim(dimension, -1)
        replaced = self._without_direction(name, original) if self._planned.direction is not None else self._replaced(name, original, batch)
        tokens = self._tokens(name, tensor, dimension)
        if tokens is not None:
            replaced = torch.where(tokens.unsqueeze(-1), replaced, original)
        # In the layout in memory that the layer gave it.
        result = tensor.clone()
        result.movedim(dimension, -1).copy_(replaced)
        copy_mark(tensor, result)
        return result

    def _replaced(self, name: str, original: torch.Tensor, batch: Batch | None) -> torch.Tensor:
        import torch

        planned, width = self._planned, int(original.shape[-1])
        if max(planned.units) >= width:
            raise BadValue(
                f"the plan has unit {max(planned.units)} of layer {name}, whose module puts out {width} units; give the plan's network."
            )
        if planned.values is not None:
            values = torch.tensor(planned.values, dtype=torch.float64)
        else:
            assert self._donors is not None and planned.draw is not None
            if batch is None:
                raise BadValue(
                    f"layer {name} ran outside a forward pass of the model, and whose donors its examples get was not said; run it inside "
                    "'with arm.batch(…):'."
                )
            recorded = self._donors.activations(name, planned.draw)
            chosen = torch.from_numpy(recorded[batch.examples][:, list(planned.units)])
            values = chosen.reshape(len(chosen), *[1] * (original.dim() - 2), len(planned.units))
        cast = values.to(original.dtype)
        if not bool(torch.isfinite(cast).all()):
            raise BadValue(
                f"layer {name} is {original.dtype}, which does not hold the numbers that are to replace its units; give float32."
            )
        replaced = original.clone()
        replaced[..., list(planned.units)] = cast.to(original.device)
        return replaced

    def _without_direction(self, name: str, original: torch.Tensor) -> torch.Tensor:
        """x − (x·d) d, in float32 at least."""
        import torch

        planned, width = self._planned.direction, int(original.shape[-1])
        assert planned is not None
        if len(planned) != width:
            raise BadValue(
                f"the plan has a direction of {len(planned)} units for layer {name}, whose module has {width}; give the plan's network."
            )
        wide = original.float() if original.element_size() < 4 else original
        direction = torch.from_numpy(planned).to(device=wide.device, dtype=wide.dtype)
        return (wide - (wide @ direction).unsqueeze(-1) * direction).to(original.dtype)

    def _tokens(self, name: str, tensor: torch.Tensor, dimension: int) -> torch.Tensor | None:
        """`[examples, tokens]`, true where a token is ablated; None for all of them, and where there are none."""
        import torch

        if self._positions == "all":
            return None
        if tensor.dim() != 3 or dimension != 2:
            if tensor.dim() == 2 and self._mask is not None and len(self._mask) != len(tensor):
                raise BadValue(f"layer {name} has {len(tensor)} rows for {len(self._mask)} examples, perhaps one for each token.")
            return None
        mask = self._mask
        if not self._is_running:
            batch = self._arm._batch
            mask = None if batch is None else self._mask_of(batch, {})
            if mask is None:
                raise BadValue(
                    f"layer {name} ran outside a forward pass of the model, so that its last tokens are not known; run it inside "
                    "'with arm.batch(…, attention_mask=…):'."
                )
        if mask is None:
            last = torch.full((len(tensor),), tensor.shape[1] - 1)
        else:
            if tuple(mask.shape) != tuple(tensor.shape[:2]):
                raise BadValue(
                    f"layer {name} puts out {shape_text(tensor)}, but attention_mask is {list(mask.shape)}; give that of this batch."
                )
            last = last_tokens(mask)
        return (torch.arange(tensor.shape[1]) == last.unsqueeze(1)).to(tensor.device)
