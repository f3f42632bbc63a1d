"""Runs a plan of ablations in a PyTorch model: each arm is evaluated with its units replaced, and its outcomes are written."""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mirrorscope.ablated_layers import AblatedModel, Positions
from mirrorscope.arms import Arm
from mirrorscope.donors import Donors, recorded_widths, recording_of
from mirrorscope.errors import BadValue, MirrorscopeNote, PlanError
from mirrorscope.module_names import named_alike
from mirrorscope.outcomes import Outcomes, OutcomesFile, outcomes_of
from mirrorscope.plans import Plan, PlanArm, load_plan
from mirrorscope.progress import Progress
from mirrorscope.torch_layouts import ChannelDimensions, Layouts

if TYPE_CHECKING:
    import torch

# Numbers of each parameter that tell one model from another.
_TOLD = 64


def run_plan(
    model: torch.nn.Module,
    plan: str | os.PathLike[str] | Plan,
    evaluate: Callable[[Arm], Any],
    output: str | os.PathLike[str] = "outcomes.csv",
    *,
    recording: str | os.PathLike[str] | None = None,
    positions: Positions = "all",
    channel_dim: ChannelDimensions | None = None,
    progress: bool = True,
    overwrite: bool = False,
) -> Path:
    """Evaluates a model once for each arm of a plan, with the arm's units replaced, and writes what comes out.

    ```python
    def evaluate(arm):
        with torch.no_grad():
            return {"helps": model(inputs).argmax(-1) == 3}  # a value for each of the plan's examples, in their order

    mirrorscope.run_plan(model, "plan.json", evaluate)
    ```

    While `evaluate` runs, the layer's units are replaced in what its module puts out, each time that it runs, also twice in one forward
    pass: by the plan's values, or (`resample`) by what the recording has for the donor of each example; `direction` takes the part along a
    direction away, x − (x·d) d. Outputs are unpacked, and their units found, as in `record`; of a map the whole channel is replaced. The
    module's own tensor is never changed. No hook is left on the model, whatever happens.

    `output` has the columns arm, example, outcome, value, in the plan's order. It grows as `NAME.partial`, arm by arm, each on the disk
    before the next begins. Interrupted in whatever way, the same call goes on behind the last whole arm, and the table comes out the same
    to the byte if `evaluate` gives the same again.

    Args:
        model: In evaluation mode. Layers are named as in `model.named_modules()`.
        plan: What `mirrorscope plan` wrote.
        evaluate: Gets an `Arm` and gives one number for each of the plan's examples: an array, whose outcome is called as the plan's
            primary one, or `outcome`; or a dictionary of such arrays. NaN and None stand for an example without that outcome.
        recording: Where the plan's recording is now, if not where the plan says: `resample` reads donors from it, other modes look at
            its numbers of units where it is at hand.
        positions: Of `[examples, tokens, units]` ablate `all` tokens, or only the `last` that is no padding (by `attention_mask`), which
            `record` keeps by default.
        channel_dim: The dimension of the units, of all layers or by a layer's name, where modules do not say it: as in `record`.
        progress: Whether arms done, their rate and the time left are said on standard error.
        overwrite: Whether outcomes that are there are replaced, and those of an interrupted run dropped: all arms are evaluated anew.

    Returns:
        The path of the table.

    Raises:
        PlanError: One sentence on what does not fit. What `evaluate` raises comes through as it is.
    """
    plan = plan if isinstance(plan, Plan) else load_plan(plan)
    modules = {name: module for name, module in model.named_modules() if name}
    try:
        if positions not in ("all", "last"):
            raise BadValue(f"positions is {positions!r}; it may be 'all' or 'last'.")
        _check_model(plan, modules, model)
        layouts = Layouts(modules, channel_dim)
        recorded = recording_of(plan, recording)
        if recording is not None and recorded is None:
            raise BadValue(f"the recording {os.fspath(recording)} is not there; give the one of which the plan was made.")
        donors = Donors(plan, recorded, progress=progress) if plan.takes_donors else None
        widths = recorded_widths(recorded)
    except BadValue as fault:
        raise PlanError(f"{plan.path}: {fault}") from None
    run = {
        "plan_id": (plan.id, f"of another plan than {plan.path}"),
        "plan_sha256": (plan.sha256, f"of another plan than {plan.path}"),
        "model": (_fingerprint(model), "of another model, or of the same with other weights"),
        "positions": (positions, "with other positions"),
        "channel_dim": (
            channel_dim if channel_dim is None or isinstance(channel_dim, int) else dict(channel_dim),
            "with another channel_dim",
        ),
    }
    file = OutcomesFile(output, [arm.id for arm in plan.arms], [example.example for example in plan.examples], run, overwrite=overwrite)
    total = len(plan.arms)
    try:
        if file.whole_arms and progress:
            print(f"{file.path}: goes on behind {file.whole_arms:,} of {total:,} arms of an earlier run.", file=sys.stderr)
        shown = Progress(str(file.path), total, file.whole_arms, is_shown=progress)
        for planned in plan.arms[file.whole_arms :]:
            arm = Arm(plan, planned)
            try:
                hooks = AblatedModel(model, modules, layouts, planned, arm, positions, donors, widths.get(planned.layer or ""))
                file.append(planned.id, _evaluated(plan, planned, arm, hooks, evaluate, is_first=not file.names))
            except BadValue as fault:
                raise PlanError(f"{plan.path}: arm {planned.id}: {fault}") from None
            shown.step(file.whole_arms)
    except BaseException:
        file.keep()
        if file.whole_arms:
            warnings.warn(
                f"{file.partial_path} holds {file.whole_arms:,} of {total:,} arms; the same call goes on with the next.",
                MirrorscopeNote,
                stacklevel=2,
            )
        raise
    file.finish()
    return file.path


def _evaluated(plan: Plan, planned: PlanArm, arm: Arm, hooks: AblatedModel, evaluate: Callable[[Arm], Any], *, is_first: bool) -> Outcomes:
    with hooks:
        given = evaluate(arm)
    hooks.check()
    outcomes = outcomes_of(given, len(plan.examples), plan.primary_outcome or "outcome")
    if is_first and plan.primary_outcome is not None and plan.primary_outcome not in outcomes:
        raise BadValue(f"the plan's primary outcome is {plan.primary_outcome}, but evaluate gave {', '.join(outcomes)}.")
    return outcomes


def _check_model(plan: Plan, modules: dict[str, torch.nn.Module], model: torch.nn.Module) -> None:
    for layer in dict.fromkeys(arm.layer for arm in plan.arms if arm.layer is not None):
        if layer not in modules:
            known = named_alike(layer, modules)
            raise BadValue(f"layer {layer} is no module of the model, which has {known}; give the model that was recorded.")
    for name, module in [("", model), *modules.items()]:
        if module.training:
            where = f"its module {name}" if name else "the model"
            raise BadValue(
                f"{where} is in training mode, in which dropout and the like make arms differ by themselves; call model.eval() before."
            )


def _fingerprint(model: torch.nn.Module) -> str:
    """SHA-256 over names, shapes and some numbers of each parameter."""
    import torch

    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        digest.update(f"{name} {list(parameter.shape)} {parameter.dtype}\n".encode())
        if parameter.device.type == "meta" or isinstance(parameter, torch.nn.UninitializedParameter) or not parameter.numel():
            continue
        numbers = parameter.detach().reshape(-1)
        told = numbers[:: max(1, len(numbers) // _TOLD)][:_TOLD]
        digest.update(told.cpu().to(torch.complex128 if told.is_complex() else torch.float64).numpy().tobytes())
    return digest.hexdigest()
