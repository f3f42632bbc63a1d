/// Dense networks: the forward pass and the training step.
///
/// Both work on tiles of 32 rows, one row per vector lane: unit u of a layer is a broadcast weight times 32 rows, summed over the inputs
/// in ascending order. A row's result therefore depends on that row alone, never on its neighbours or on how the rows are cut into calls.
///
/// The parameters of a network are one buffer of floats: the kernels of all layers in order, then the biases of all layers in order, each
/// beginning where `mirrorscope_dense_layout` says. A kernel is stored [units × inputs]: the weights into one unit lie side by side. The gaps
/// between tensors are zero and stay zero. Optimiser moments and gradients have the same layout.
#ifndef MIRRORSCOPE_DENSE_KERNELS_H
#define MIRRORSCOPE_DENSE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A network's shape and its parameters.
typedef struct {
  /// Dense layers, the output layer included; at least 1.
  int32_t layer_count;
  /// [layer_count + 1]: inputs, units of each layer; all at least 1.
  const int32_t *_Nonnull widths;
  /// [layer_count]: what sums below 0 are multiplied by: 0 where the layer is rectified, 1 where it is linear.
  const float *_Nonnull negative_slopes;
  /// The parameters, in the layout described above.
  float *_Nonnull parameters;
} mirrorscope_dense;

/// Where the tensors of a network begin in its parameter buffer.
///
/// - kernel_offsets, bias_offsets: [layer_count], written.
/// - Returns: the length of the buffer in floats.
size_t mirrorscope_dense_layout(
    int32_t layer_count, const int32_t *_Nonnull widths, size_t *_Nonnull kernel_offsets, size_t *_Nonnull bias_offsets);

/// Floats of scratch that the forward pass or the training step needs. The caller zeroes it once; no call shares it with another.
size_t mirrorscope_dense_workspace(int32_t layer_count, const int32_t *_Nonnull widths);

/// Runs all layers, without dropout.
///
/// - rows: uint8 (`rows_are_bytes` 1) or float (0), [count × widths[0]].
/// - activations: [layer_count] buffers; the k-th is [count × widths[k + 1]] and is written.
void mirrorscope_dense_forward(
    const mirrorscope_dense *_Nonnull network, const void *_Nonnull rows, int32_t rows_are_bytes, size_t count,
    float *_Nonnull const *_Nonnull activations, float *_Nonnull workspace);

/// What one run of training steps works on.
typedef struct {
  /// Hidden layers are rectified, the output layer is linear.
  mirrorscope_dense network;
  /// Adam's first and second moments, laid out as the parameters.
  float *_Nonnull first_moments;
  float *_Nonnull second_moments;
  /// [rows × widths[0]], all rows of the training set.
  const uint8_t *_Nonnull states;
  /// [rows], each below widths[layer_count].
  const uint8_t *_Nonnull labels;
  /// [rows]: the order in which this epoch visits the rows.
  const uint32_t *_Nonnull order;
  size_t row_count;
  /// [widths[layer_count]]: the weight of a row of each label in the loss.
  const float *_Nonnull label_weights;
  /// Rows per step, 1…65536; the last step of an epoch takes what is left and averages over its own size.
  size_t batch_size;
  /// Step of the epoch to begin with, and the step before which to stop.
  size_t first_step;
  size_t end_step;
  /// Adam's count of steps taken before `first_step` (over all epochs).
  uint64_t steps_taken;
  /// Seed and epoch of the dropout masks.
  uint64_t seed;
  uint64_t epoch;
  double learning_rate, beta1, beta2, epsilon;
  /// Share of the units of a hidden layer that are dropped, 0 ≤ dropout < 1.
  double dropout;
  /// Factor of Σ w² over the kernels of the hidden layers.
  double l2;
  /// Of `mirrorscope_dense_workspace` floats.
  float *_Nonnull workspace;
} mirrorscope_dense_training;

/// Trains on steps `first_step` to `end_step` of an epoch. Reference: `ReferenceStep` in the tests. Benchmark: `training`.
///
/// Loss of a step: Σ weight · Σ (output − one-hot)² / outputs / rows + l2 Σ w² over the hidden kernels. Adam as in Keras 2.15.
///
/// - Returns: Σ over the steps of loss × rows, each loss taken before its update (what Keras averages over an epoch).
double mirrorscope_dense_train(const mirrorscope_dense_training *_Nonnull training);

/// The 64 bits that a step's dropout masks are derived from: mix(mix(mix(seed) ^ epoch) ^ step), where mix is one output of SplitMix64 from
/// the given state. Let k0 be its low half and k1 its high half. Hidden unit `unit`, counted through the hidden layers, stays in the row at
/// place `row` of the step's batch if, all in 32 bits: h = (row · 65536 + unit) · 0x9E3779B1 + k0; h = (h ^ h >> 16) · 0x7FEB352D; h ^= k1;
/// h = (h ^ h >> 15) · 0x846CA68B; h ^= h >> 16; h >> 8 ≥ round(dropout · 2²⁴).
uint64_t mirrorscope_dropout_key(uint64_t seed, uint64_t epoch, uint64_t step);

#ifdef __cplusplus
}
#endif

#endif
