"""Record the activations of any network as Mirrorscope recordings, and analyse them.

`record` hooks into a PyTorch model, `record_keras` runs a Keras one, `Recorder` takes arrays of anyone; `analyse` asks the command line
of Mirrorscope for a table.
"""

from mirrorscope.errors import MirrorscopeError, MirrorscopeNote, RecordingError
from mirrorscope.keras_layers import from_keras, record_keras
from mirrorscope.layer import Layer
from mirrorscope.programs import analyse, analyse_rows, find_program, recover, validate
from mirrorscope.recorder import Recorder
from mirrorscope.torch_recording import ModelRecording, record
from mirrorscope.version import __version__

__all__ = [
    "Layer",
    "MirrorscopeError",
    "MirrorscopeNote",
    "ModelRecording",
    "Recorder",
    "RecordingError",
    "__version__",
    "analyse",
    "analyse_rows",
    "find_program",
    "from_keras",
    "record",
    "record_keras",
    "recover",
    "validate",
]
