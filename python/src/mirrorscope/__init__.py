"""Record the activations of any network as Mirrorscope recordings, and analyse them.

`record` hooks into a PyTorch model, `record_keras` runs a Keras one, `Recorder` takes arrays of anyone; `analyse` asks the command line
of Mirrorscope for a table; `run_plan` ablates units of a PyTorch model as a plan of the command line says.
"""

from mirrorscope.ablation import run_plan
from mirrorscope.arms import Arm
from mirrorscope.errors import MirrorscopeError, MirrorscopeNote, PlanError, RecordingError
from mirrorscope.keras_layers import from_keras, record_keras
from mirrorscope.layer import Layer
from mirrorscope.plans import Plan, PlanArm, PlanExample, PlanTarget, load_plan
from mirrorscope.programs import analyse, analyse_rows, find_program, recover, validate
from mirrorscope.recorder import Recorder
from mirrorscope.torch_recording import ModelRecording, record
from mirrorscope.version import __version__

__all__ = [
    "Arm",
    "Layer",
    "MirrorscopeError",
    "MirrorscopeNote",
    "ModelRecording",
    "Plan",
    "PlanArm",
    "PlanError",
    "PlanExample",
    "PlanTarget",
    "Recorder",
    "RecordingError",
    "__version__",
    "analyse",
    "analyse_rows",
    "find_program",
    "from_keras",
    "load_plan",
    "record",
    "record_keras",
    "recover",
    "run_plan",
    "validate",
]
