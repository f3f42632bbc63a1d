"""One epoch of training in numpy, float64: writes one_epoch.json, the oracle of NumpyEpochTests.

Written from Keras 2.15's documented formulae (MeanSquaredError, L2, Dropout, Adam) and from the description of the random streams
(RandomStream.swift, DenseKernels.h), without looking at the kernel. Run: python train_one_epoch.py
"""
import hashlib
import json
import pathlib

import numpy as np

MASK = (1 << 64) - 1


def split_mix(state):
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class RandomStream:
    """xoshiro256++, seeded as RandomStream.swift says."""

    def __init__(self, seed, purpose, index):
        hashed = 0xCBF29CE484222325
        for byte in purpose.encode():
            hashed = ((hashed ^ byte) * 0x100000001B3) & MASK
        state = split_mix(seed) ^ hashed
        state = split_mix(state) ^ index
        self.s = []
        for _ in range(4):
            self.s.append(split_mix(state))
            state = (state + 0x9E3779B97F4A7C15) & MASK

    def next(self):
        s = self.s
        rotate = lambda x, k: ((x << k) | (x >> (64 - k))) & MASK
        result = (rotate((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        shifted = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotate(s[3], 45)
        return result

    def uniform(self):
        return (self.next() >> 11) * 2.0**-53

    def below(self, bound):
        product = self.next() * bound
        while (product & MASK) < (2**64 - bound) % bound:
            product = self.next() * bound
        return product >> 64


def shuffled(count, seed, epoch):
    stream = RandomStream(seed, "shuffle", epoch)
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = stream.below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def stays(seed, epoch, step, rows, first_unit, units, dropout):
    """[rows × units], True where the unit stays."""
    key = split_mix(split_mix(split_mix(seed) ^ epoch) ^ step)
    k0, k1 = np.uint32(key & 0xFFFFFFFF), np.uint32(key >> 32)
    row = np.arange(rows, dtype=np.uint32)[:, None]
    unit = np.arange(first_unit, first_unit + units, dtype=np.uint32)[None, :]
    h = (row * np.uint32(65536) + unit) * np.uint32(0x9E3779B1) + k0
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h ^= k1
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return (h >> np.uint32(8)) >= np.uint32(round(dropout * 2**24))


SEED, INPUTS, HIDDEN, OUTPUTS = 2026, 14, [9, 6], 4
LEARNING_RATE, BATCH, DROPOUT, L2 = 2e-3, 25, 0.12, 0.01
LABEL_WEIGHTS = [0.5, 1.0, 2.0, 3.5]

generator = np.random.default_rng(5)
states = generator.integers(0, 10, (160, INPUTS)) * (generator.random((160, INPUTS)) < 0.6)
labels = (states[:, 0] > 2) + 2 * (states[:, 1] > 4)
train_x, train_y, test_x, test_y = states[:110], labels[:110], states[110:], labels[110:]

widths = [INPUTS, *HIDDEN, OUTPUTS]
kernels, biases = [], []
for index, (n, u) in enumerate(zip(widths, widths[1:])):
    stream = RandomStream(SEED, "glorot", index)
    limit = np.sqrt(6 / (n + u))
    kernels.append(np.array([np.float32((2 * stream.uniform() - 1) * limit) for _ in range(n * u)]).reshape(n, u).astype(float))
    biases.append(np.zeros(u))


def tensors_hash(kernels, biases):
    digest = hashlib.sha256()
    for kernel, bias in zip(kernels, biases):
        digest.update(kernel.astype("<f4").tobytes() + bias.astype("<f4").tobytes())
    return digest.hexdigest()


initial = [kernel.ravel().tolist() for kernel in kernels]
initial_hash = tensors_hash(kernels, biases)
parameters = kernels + biases
first = [np.zeros_like(p) for p in parameters]
second = [np.zeros_like(p) for p in parameters]
order = shuffled(len(train_x), SEED, 1)
penalty = lambda: L2 * sum((k**2).sum() for k in kernels[:-1])
total = 0.0
for step, begin in enumerate(range(0, len(order), BATCH)):
    rows = order[begin : begin + BATCH]
    values, scales, unit = [train_x[rows].astype(float)], [], 0
    for layer in range(len(kernels)):
        sums = values[-1] @ kernels[layer] + biases[layer]
        if layer < len(HIDDEN):
            scale = stays(SEED, 1, step, len(rows), unit, HIDDEN[layer], DROPOUT) / (1 - DROPOUT) * (sums > 0)
            unit += HIDDEN[layer]
            scales.append(scale)
            sums = sums * scale
        values.append(sums)
    error = values[-1] - np.eye(OUTPUTS)[train_y[rows]]
    weight = np.array(LABEL_WEIGHTS)[train_y[rows]]
    total += ((weight * (error**2).mean(axis=1)).sum() / len(rows) + penalty()) * len(rows)
    delta = 2 * weight[:, None] * error / OUTPUTS / len(rows)
    kernel_slopes, bias_slopes = [], []
    for layer in reversed(range(len(kernels))):
        slope = values[layer].T @ delta
        if layer < len(HIDDEN):
            slope = slope + 2 * L2 * kernels[layer]
        kernel_slopes.insert(0, slope)
        bias_slopes.insert(0, delta.sum(axis=0))
        if layer > 0:
            delta = delta @ kernels[layer].T * scales[layer - 1]
    t = step + 1
    alpha = LEARNING_RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    for p, m, v, g in zip(parameters, first, second, kernel_slopes + bias_slopes):
        m += (g - m) * (1 - 0.9)
        v += (g**2 - v) * (1 - 0.999)
        p -= m * alpha / (np.sqrt(v) + 1e-7)

hidden = test_x.astype(float)
for layer in range(len(HIDDEN)):
    hidden = np.maximum(hidden @ kernels[layer] + biases[layer], 0)
outputs = hidden @ kernels[-1] + biases[-1]
result = {
    "seed": SEED,
    "inputCount": INPUTS,
    "hidden": HIDDEN,
    "learningRate": LEARNING_RATE,
    "batchSize": BATCH,
    "dropout": DROPOUT,
    "l2": L2,
    "labelWeights": LABEL_WEIGHTS,
    "trainingStates": train_x.ravel().tolist(),
    "trainingLabels": train_y.tolist(),
    "validationStates": test_x.ravel().tolist(),
    "validationLabels": test_y.tolist(),
    "initialKernels": initial,
    "initialSHA256": initial_hash,
    "kernels": [kernel.ravel().tolist() for kernel in kernels],
    "biases": [bias.tolist() for bias in biases],
    "trainingLoss": total / len(order),
    "validationLoss": ((outputs - np.eye(OUTPUTS)[test_y]) ** 2).mean() + penalty(),
    "validationAccuracy": (outputs.argmax(axis=1) == test_y).mean(),
}
pathlib.Path(__file__).with_name("one_epoch.json").write_text(json.dumps(result) + "\n")
