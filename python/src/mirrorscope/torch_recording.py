"""Records a PyTorch model while it is used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mirrorscope.errors import BadValue, RecordingError
from mirrorscope.layer import Layer
from mirrorscope.module_names import matching_names
from mirrorscope.recorder import Recorder
from mirrorscope.token_columns import Expansion, token_columns
from mirrorscope.torch_calls import attention_mask, called_with, has_decoder, is_token_ids, mask_tensor, same_tokens
from mirrorscope.torch_layers import described_layer
from mirrorscope.torch_layouts import ChannelDimensions, Layouts, copy_mark
from mirrorscope.torch_outputs import tensor_of
from mirrorscope.torch_rows import Convolution, RowFunction, RowRule, Tokens, rows_of

if TYPE_CHECKING:
    import torch

Calls = Literal["refuse", "first", "last", "each"]


def record(
    model: torch.nn.Module,
    layers: Sequence[str],
    path: str | os.PathLike[str],
    *,
    rows: RowRule | RowFunction = "last",
    convolution: Convolution = "mean",
    channel_dim: ChannelDimensions | None = None,
    calls: Calls = "refuse",
    weights: Mapping[str, str] | None = None,
    activation_functions: Mapping[str, str] | None = None,
    outputs: Sequence[str] = (),
    **options: Any,
) -> ModelRecording:
    """Records layers of a PyTorch model while it is used.

    ```python
    with mirrorscope.record(model, ["blocks.*.mlp"], "run.h5") as recording:
        recording.rows(phase="self", pair=[0, 1, 2, 3], wording="plain")
        model(batch)
    ```

    What a layer puts out is copied as soon as it is there, so that what changes it later does not reach the recording; rows are written
    when the forward pass has ended. Layers are numbered in the order in which they first ran.

    Args:
        model: The module that is called. Calls of its parts alone are not recorded.
        layers: Patterns of names as in `model.named_modules()`: `*` is any text within a part of a dotted name, `**` any number of parts.
        path: The recording to be.
        rows: Of `[examples, tokens, units]` the `last` token of each example, the `mean` of its tokens, or `all` of them, a row each with
            its `example`, `position` (from 0), `from_end` (the last is -1) and, where they are known, `token`. Or a function of a layer's
            tensor and the attention mask (or None) that gives `[rows, units]`.
        convolution: Of `[n, channels, height, width]` the `mean` or `max` of each channel, or positions such as `[(0, 0), (3, 3)]`.
        channel_dim: The dimension of the units in what a layer puts out, of all layers or by a layer's name, where the order of modules
            does not say it: 1 for channels in front of positions, -1 for units behind all else.
        calls: Where a layer runs several times in a forward pass: `refuse` it, take the `first` or `last`, or `each`, with a column `call`.
        weights: The module whose `weight` and `bias` make a recorded layer, by the layer's name: `{"1": "0"}` for a ReLU behind a Linear.
            Give it for a chain of dense layers that is recorded in whole; ablation replays each from the one below.
        activation_functions: `relu`, `linear`, …, by the layer's name, where the module's class does not say it.
        outputs: Names of the layers whose units are the outputs.
        options: Those of `Recorder`: `dtype`, `actions`, `model_description`, `expected_rows`, `overwrite`, ….

    Raises:
        RecordingError: For what is wrong with patterns, options or the file; the model has no hooks then.
    """
    return ModelRecording(
        model,
        layers,
        path,
        rows=rows,
        convolution=convolution,
        channel_dim=channel_dim,
        calls=calls,
        weights=weights or {},
        activation_functions=activation_functions or {},
        outputs=outputs,
        options=options,
    )


class ModelRecording:
    """A recording under way: see `record`. Its hooks are on the model inside the `with` statement only."""

    def __init__(
        self,
        model: torch.nn.Module,
        layers: Sequence[str],
        path: str | os.PathLike[str],
        *,
        rows: RowRule | RowFunction,
        convolution: Convolution,
        channel_dim: ChannelDimensions | None,
        calls: Calls,
        weights: Mapping[str, str],
        activation_functions: Mapping[str, str],
        outputs: Sequence[str],
        options: Mapping[str, Any],
    ) -> None:
        self.path = os.fspath(path)
        self._model = model
        self._rule = rows
        self._convolution = convolution
        self._calls = calls
        self._options = dict(options)
        self._modules = {name: module for name, module in model.named_modules() if name}
        self._declared: dict[str, Layer] = {}
        self._handles: list[Any] = []
        self._recorder: Recorder | None = None
        self._announced: dict[str, Any] | None = None
        self._is_running = False
        self._is_paused = False
        self._is_explicit = False
        self._examples = 0
        self._captured: dict[str, list[torch.Tensor]] = {}
        # The rows of the forward pass before, which are written.
        self._before: dict[str, torch.Tensor] = {}
        self._tokens = Tokens(None)
        self._token_ids: Any = None
        try:
            if not callable(rows) and rows not in ("last", "mean", "all"):
                raise BadValue(f"rows is {rows!r}; it may be 'last', 'mean', 'all' or a function.")
            if isinstance(convolution, str) and convolution not in ("mean", "max"):
                raise BadValue(f"convolution is '{convolution}'; it may be 'mean', 'max' or a list of positions.")
            if calls not in ("refuse", "first", "last", "each"):
                raise BadValue(f"calls is {calls!r}; it may be 'refuse', 'first', 'last' or 'each'.")
            names = matching_names(layers, list(self._modules))
            self._layouts = Layouts(self._modules, channel_dim)
            for what, given in (("weights", weights), ("activation_functions", activation_functions), ("outputs", outputs)):
                for name in given:
                    if name not in names:
                        raise BadValue(f"{what} names {name}, which is none of the recorded layers: {', '.join(names)}.")
            self._given = {name: (weights.get(name), activation_functions.get(name), name in outputs) for name in names}
            self._declared = self._described()
        except BadValue as fault:
            raise self._error(fault) from None

    def _described(self) -> dict[str, Layer]:
        return {name: described_layer(name, self._modules, *given) for name, given in self._given.items()}

    @property
    def row_count(self) -> int:
        """Rows written or waiting to be."""
        return 0 if self._recorder is None else self._recorder.row_count

    def rows(self, /, *, attention_mask: Any = None, tokens: Any = None, **columns: Any) -> None:
        """Says what the rows of the next forward pass are.

        Args:
            attention_mask: `[examples, tokens]`, 1 for a token and 0 for padding on either side. Without it the `attention_mask` that the
                model is called with counts, and where there is none every position is a token.
            tokens: `[examples, tokens]`, numbers or text, for the column `token` of `rows="all"`. Without it the `input_ids` that the
                model is called with count.
            columns: As in `Recorder.append`: one value for each example, or a single one for all. With `rows="all"` also `[examples,
                tokens]`. A function is called with what the model puts out: `prediction=lambda output: output.argmax(-1)`.
        """
        if self._recorder is None:
            raise self._error("rows are announced outside the with statement; call rows inside it.")
        if self._announced is not None and not self._is_running:
            raise self._error("rows were announced twice without a forward pass between; call rows once before each forward pass.")
        # A forward pass that failed, and whose error was caught, has left its announcement.
        self._is_running = False
        self._announced = {"attention_mask": attention_mask, "tokens": tokens, "columns": columns}

    @contextmanager
    def forward(self, /, *, attention_mask: Any = None, tokens: Any = None, **columns: Any) -> Iterator[None]:
        """All that runs inside the `with` statement is one forward pass, whose rows are as in `rows`.

        For what is not called as a whole: a policy's `predict`, a method, some parts one after the other. Columns that are functions are
        called with None at the end.
        """
        self.rows(attention_mask=attention_mask, tokens=tokens, **columns)
        self._begin(self._model, (), {})
        self._is_explicit = True
        try:
            yield
            self._is_explicit = False
            self._end(self._model, (), None)
        finally:
            self._is_explicit = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Forward passes inside the `with` statement are not recorded."""
        earlier, self._is_paused = self._is_paused, True
        try:
            yield
        finally:
            self._is_paused = earlier

    def __enter__(self) -> ModelRecording:
        import torch

        if self._recorder is not None:
            raise self._error("it was recorded before; call record again.")
        options = dict(self._options)
        # The weights of now, not of when the recording was set up.
        self._declared = self._described()
        options["provenance"] = {"torch": torch.__version__, **(options.get("provenance") or {})}
        self._recorder = Recorder(self.path, None, **options)
        try:
            self._handles += self._layouts.hooks()
            for name in self._declared:
                self._handles.append(self._modules[name].register_forward_hook(self._layer_hook(name)))
            self._handles.append(self._model.register_forward_pre_hook(self._begin, with_kwargs=True))
            self._handles.append(self._model.register_forward_hook(self._end))
        except BaseException:
            self._remove_hooks()
            self._recorder.cancel()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._remove_hooks()
        self._captured, self._before = {}, {}
        recorder = self._recorder
        assert recorder is not None
        if kind is None and self._announced is not None:
            recorder.interrupt()
            raise self._error(
                "rows were announced, but no forward pass of the model followed; call rows before each forward pass, and no more."
            )
        recorder.__exit__(kind, error, traceback)

    def _remove_hooks(self) -> None:
        while self._handles:
            self._handles.pop().remove()

    # A forward pass

    def _begin(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._is_paused:
            return
        if self._is_explicit:
            self._notice(module, args, kwargs)
            return
        if self._announced is None:
            raise self._error("a forward pass began without rows; call rows(phase=…) before it, or run it inside paused().")
        self._captured = {}
        self._layouts.begin()
        self._is_running = True
        self._tokens, self._token_ids = Tokens(None), None
        self._notice(module, args, kwargs)

    def _notice(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Takes notice of mask and tokens: announced, or else as the model is called with them."""
        assert self._announced is not None
        given = called_with(module, args, kwargs)
        mask = self._announced["attention_mask"]
        if mask is None:
            mask = attention_mask(given)
        ids = self._announced["tokens"]
        examples = None
        if ids is None:
            ids = given.get("input_ids", args[0] if args else None)
            ids = ids.detach().cpu().clone() if is_token_ids(ids) else None
            examples = len(ids) if ids is not None and "input_ids" in given else None
        is_guessed = (mask is not None and self._announced["attention_mask"] is None) or (
            self._rule == "all" and ids is not None and self._announced["tokens"] is None
        )
        if is_guessed and has_decoder(given):
            raise self._error(
                "the model has an encoder and a decoder, each with tokens of its own; say which with rows(attention_mask=…, tokens=…)."
            )
        try:
            tokens = Tokens(None if mask is None else mask_tensor(mask), examples)
            # Several calls inside `forward`: each has its mask, but rows of tokens can have but one.
            is_like = tokens.is_like(self._tokens)
            if self._tokens.shape is None or (self._rule != "all" and not is_like):
                self._tokens = tokens
            elif self._rule == "all" and not (is_like and same_tokens(ids, self._token_ids)):
                raise BadValue("the model is called with different masks or tokens in one forward pass; record its calls apart.")
        except BadValue as fault:
            raise self._error(fault) from None
        self._token_ids = ids

    def _layer_hook(self, name: str) -> Callable[[torch.nn.Module, Any, Any], None]:
        def copy(module: torch.nn.Module, args: Any, output: Any) -> None:
            if self._is_paused:
                return
            if not self._is_running:
                raise self._error(
                    f"layer {name} ran outside a forward pass of the recorded model; give record the module that you call, or run it "
                    "inside forward(phase=…), or paused()."
                )
            earlier = self._captured.get(name)
            if earlier is not None:
                if self._calls == "refuse":
                    raise self._error(f"layer {name} ran twice in one forward pass; say which counts with calls='first', 'last' or 'each'.")
                if self._calls == "first":
                    return
            try:
                found = tensor_of(name, output)
                tensor = found.detach()
                copy_mark(found, tensor)
                chosen = rows_of(name, module, tensor, self._rule, self._convolution, self._tokens, self._layouts)
            except BadValue as fault:
                raise self._error(fault) from None
            copied = self._copied(name, chosen.detach(), tensor)
            if earlier is not None and self._calls == "each":
                earlier.append(copied)
            else:
                self._captured[name] = [copied]

        return copy

    def _copied(self, name: str, chosen: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Rows on the CPU that nobody else changes: in the memory of the batch before where it can be had."""
        import torch

        # What was computed of the output for the recording alone is a copy already; a function of the user may give anything.
        if not callable(self._rule) and chosen.untyped_storage().data_ptr() != output.untyped_storage().data_ptr():
            return chosen.to(device="cpu")
        before = self._before.pop(name, None)
        # Tensors of inference mode are not written to outside of it.
        is_writable = before is not None and (torch.is_inference_mode_enabled() or not before.is_inference())
        if before is not None and is_writable and before.shape == chosen.shape and before.dtype == chosen.dtype:
            return before.copy_(chosen)
        return chosen.to(device="cpu", copy=True)

    def _end(self, module: torch.nn.Module, args: Any, output: Any) -> None:
        if self._is_paused or self._is_explicit or not self._is_running:
            return
        self._is_running = False
        announced, self._announced = self._announced, None
        assert announced is not None and self._recorder is not None
        try:
            self._write(announced["columns"], output)
            self._before = {name: parts[0] for name, parts in self._captured.items()}
        except BadValue as fault:
            raise self._error(fault) from None
        finally:
            self._captured = {}

    def _write(self, columns: Mapping[str, Any], output: Any) -> None:
        import torch

        recorder = self._recorder
        assert recorder is not None
        missing = [name for name in self._declared if name not in self._captured]
        if missing:
            raise BadValue(
                f"layer {missing[0]} did not run in the forward pass; leave it out of layers, or call the model so that it runs."
            )
        if recorder.row_count == 0:
            recorder.declare_layers([self._declared[name] for name in self._captured])
        calls = self._equal("calls", {name: len(parts) for name, parts in self._captured.items()})
        for name, parts in self._captured.items():
            lengths = [len(part) for part in parts]
            if len(set(lengths)) > 1:
                raise BadValue(f"layer {name} has {', '.join(map(str, lengths))} rows in the calls of a forward pass; record them apart.")
        activations = {name: torch.cat(parts) if calls > 1 else parts[0] for name, parts in self._captured.items()}
        rows = self._equal("rows", {name: len(tensor) for name, tensor in activations.items()})
        expansion = Expansion.of(self._tokens, rows // calls, calls) if self._rule == "all" else Expansion(rows // calls, calls)
        values = {name: expansion.values(name, value(output) if callable(value) else value) for name, value in columns.items()}
        added = token_columns(expansion, self._token_ids, self._examples) if expansion.is_by_token else {}
        if self._calls == "each":
            added["call"] = np.repeat(np.arange(calls), rows // calls)
        twice = sorted(added.keys() & values.keys())
        if twice:
            raise BadValue(f"the column {twice[0]} is made here; give yours another name.")
        recorder.append(activations, **values, **added)
        self._examples += expansion.examples

    def _equal(self, what: str, counts: Mapping[str, int]) -> int:
        first, count = next(iter(counts.items()))
        for name, other in counts.items():
            if other != count:
                raise BadValue(
                    f"layer {name} has {other} {what} in the forward pass but layer {first} has {count}; record them apart, or choose rows "
                    "with a function."
                )
        return count

    def _error(self, fault: BadValue | str) -> RecordingError:
        return RecordingError(f"{self.path}: {fault}")
