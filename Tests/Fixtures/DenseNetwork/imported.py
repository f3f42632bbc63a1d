"""What the scripts that make networks with the real libraries share: the inputs, other weights than those of an initialiser, and a file of what a
model gives for the inputs."""
import json
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
inputs = np.random.default_rng(11).integers(-16, 17, (20, 6)).astype("f4") / 8


def write_outputs(name, values):
    """The inputs and the outputs of a model as `imported_NAME.json`; every float32 keeps its digits."""
    values = np.asarray(values, "f4")
    content = {"inputs": inputs.ravel().tolist(), "outputs": values.ravel().tolist(), "width": values.shape[1]}
    (here / f"imported_{name}.json").write_text(json.dumps(content) + "\n")


def draw(name, shape, seed):
    """Weights by the end of their name: variances are above 0, biases and the statistics of a normalisation are not what they begin with."""
    generator = np.random.default_rng([seed, *name.encode()])
    if "var" in name.rsplit("/")[-1].rsplit(".")[-1]:
        return generator.uniform(0.25, 2, shape).astype("f4")
    return generator.normal(0, 0.5, shape).astype("f4")
