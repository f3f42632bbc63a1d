"""The dense layers of Keras models."""

from __future__ import annotations

import importlib

import h5py
import numpy as np
import pytest

import mirrorscope

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("keras")


@pytest.fixture
def model(keras):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((2, 3)),
            layers.Flatten(),
            layers.Dense(8, activation="relu", name="first"),
            layers.Dropout(0.5),
            layers.Dense(8, name="second", bias_initializer="random_normal"),
            layers.Activation("relu"),
            layers.Dense(4, name="output", use_bias=False),
        ]
    )


def test_dense_layers_as_the_recorder_takes_them(model):
    first, second, output = mirrorscope.from_keras(model)
    assert [layer.name for layer in (first, second, output)] == ["first", "second", "output"]
    assert [layer.activation_function for layer in (first, second, output)] == ["relu", "relu", "linear"]
    assert [layer.is_output for layer in (first, second, output)] == [False, False, True]
    assert np.array_equal(second.kernel, model.get_layer("second").get_weights()[0])
    assert np.array_equal(second.bias, model.get_layer("second").get_weights()[1])
    assert np.array_equal(output.bias, np.zeros(4))


def test_a_relu_that_is_clipped_is_not_called_relu(keras):
    layers = keras.layers
    clipped = {"max_value": 1.0}
    first = [layers.Dense(8), layers.ReLU(**clipped), layers.Dense(8, activation=layers.ReLU(**clipped))]
    model = keras.Sequential([layers.Input((6,)), *first, layers.Dense(8, activation=layers.ReLU()), layers.Dense(4), layers.ReLU()])
    functions = [layer.activation_function for layer in mirrorscope.from_keras(model)]
    assert functions == ["clipped_relu", "clipped_relu", "relu", "relu"]


def test_a_leaky_relu_says_its_slope(keras):
    layers = keras.layers
    leaky = layers.LeakyReLU(**{"negative_slope" if keras.__version__ >= "3" else "alpha": 0.25})
    model = keras.Sequential([layers.Input((6,)), layers.Dense(8), leaky, layers.Dense(4)])
    assert [layer.activation_function for layer in mirrorscope.from_keras(model)] == ["leaky_relu(0.25)", "linear"]


def test_a_leaky_relu_by_name_and_a_relu_with_a_slope_say_it_too(keras):
    def leaky_relu(x):
        return x

    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((6,)),
            *[layers.Dense(8, activation="leaky_relu"), layers.Dense(8), layers.Activation("leaky_relu")],
            *[layers.Dense(8), layers.ReLU(negative_slope=0.125), layers.Dense(8), layers.ReLU(negative_slope=0.125, max_value=6.0)],
            *[layers.Dense(8), layers.ReLU(negative_slope=0.125, threshold=1.0), layers.Dense(4, activation=leaky_relu)],
        ]
    )
    functions = [layer.activation_function for layer in mirrorscope.from_keras(model)]
    assert functions == ["leaky_relu(0.2)", "leaky_relu(0.2)", "leaky_relu(0.125)", "clipped_relu", "clipped_relu", "leaky_relu"]
    below_zero = model.layers[0](np.full((1, 6), 1.0)) * 0 - 1
    assert np.allclose(model.layers[0].activation(below_zero), -0.2)


def test_what_is_made_of_a_dense_layer_is_refused_by_name(keras):
    class Mine(keras.layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    layers = keras.layers
    for layer, kind in ((Mine(8, name="mine"), "Mine"), (layers.TimeDistributed(layers.Dense(8), name="mine"), "TimeDistributed")):
        model = keras.Sequential([layers.Input((5, 6)), layer, layers.Flatten(), layers.Dense(4)])
        with pytest.raises(mirrorscope.RecordingError, match=f"the layer mine, a {kind} made of a dense one"):
            mirrorscope.from_keras(model)


def test_a_dense_layer_before_a_convolution_is_no_output(keras):
    layers = keras.layers
    model = keras.Sequential([layers.Input((6,)), layers.Dense(8), layers.Reshape((8, 1)), layers.Conv1D(2, 3)])
    assert [layer.is_output for layer in mirrorscope.from_keras(model)] == [False]


@pytest.mark.programs
def test_a_model_is_recorded_and_ablated(path, model, rng):
    inputs = rng.normal(size=(240, 2, 3)).astype("f4")
    item = np.arange(240) // 3
    rows = mirrorscope.record_keras(
        model,
        inputs,
        path,
        batch_size=50,
        store_inputs=True,
        actions=["hop", "jump", "leap", "help"],
        phase=["none", "self", "other"] * 80,
        stratum=item,
        pair=item,
        split=item % 2,
        label=rng.integers(0, 4, 240),
        prediction=lambda output: output.argmax(axis=1),
        wording="plain",
    )
    assert rows == 240
    assert mirrorscope.validate(path) == []
    with h5py.File(path) as file:
        expected = model(inputs, training=False).numpy()
        assert np.allclose(file["layers/output/activations"], expected, rtol=1e-5, atol=1e-6)
        assert np.array_equal(file["prediction"], file["layers/output/activations"][:].argmax(axis=1))
        assert (file["layers/second/activations"][:] >= 0).all()
        assert np.array_equal(file["inputs"], inputs.reshape(240, 6))
        assert "keras" in file["provenance"].attrs
    assert mirrorscope.analyse_rows("ablate", path, top=2, controls=5, bootstrap=10, permutations=20)


@pytest.mark.programs
def test_a_kernel_behind_something_else_is_left_out(path, keras, rng):
    layers = keras.layers
    model = keras.Sequential([layers.Input((6,)), layers.Dense(8, name="a"), layers.LayerNormalization(), layers.Dense(8, name="b")])
    a, b = mirrorscope.from_keras(model)
    assert a.kernel is not None
    assert b.kernel is None
    mirrorscope.record_keras(model, rng.normal(size=(30, 6)).astype("f4"), path, phase=["none", "self", "other"] * 10)
    assert mirrorscope.validate(path) == []


def test_models_that_are_no_chain(keras):
    layers = keras.layers
    shown = keras.Input((6,))
    model = keras.Model(shown, layers.Add()([layers.Dense(4, name="a")(shown), layers.Dense(4, name="b")(shown)]), name="net")
    with pytest.raises(mirrorscope.RecordingError, match="the layers a and b of the Keras model net have one input"):
        mirrorscope.from_keras(model)
    dense = layers.Dense(6, name="twice")
    model = keras.Model(shown, dense(dense(shown)), name="net")
    with pytest.raises(mirrorscope.RecordingError, match="the layer twice of the Keras model net is used twice"):
        mirrorscope.from_keras(model)
    with pytest.raises(mirrorscope.RecordingError, match="the Keras model net is not built; call it once"):
        mirrorscope.from_keras(keras.Sequential([layers.Dense(3)], name="net"))
    inner = keras.Sequential([layers.Input((6,)), layers.Dense(3)], name="inner")
    with pytest.raises(mirrorscope.RecordingError, match="the layer inner of the Keras model net is itself a model"):
        mirrorscope.from_keras(keras.Sequential([layers.Input((6,)), inner], name="net"))
    with pytest.raises(mirrorscope.RecordingError, match="the Keras model net has no dense layer"):
        mirrorscope.from_keras(keras.Sequential([layers.Input((3,)), layers.Dropout(0.1)], name="net"))


def test_columns_that_do_not_fit(path, model):
    with pytest.raises(mirrorscope.RecordingError, match="column phase has 2 values for 3 rows of inputs"):
        mirrorscope.record_keras(model, np.zeros((3, 2, 3), "f4"), path, phase=[0, 1])
    assert list(path.parent.iterdir()) == []
