#include <math.h>

#include "DenseTile.h"

// One layer's place in the buffers of a step. Columns are [features × TILE], rows [TILE × stride].
typedef struct {
  size_t inputs, units, input_stride;
  size_t kernel, bias;         // offsets of the parameters
  const float *in_columns;     // the layer's inputs after dropout
  const float *in_rows;        // the same, row by row, columns beyond `inputs` zero
  float *out_columns;          // [units × TILE]
  float *out_rows;             // [TILE × padded(units)]; unused for the output layer
  float *deltas;               // [units × TILE]: ∂loss/∂(sum before the activation)
} layer;

// Deeper networks are refused by the caller.
#define MAXIMUM_LAYERS 16

size_t mirrorscope_dense_workspace(int32_t layer_count, const int32_t *widths) {
  size_t floats = 4096;
  size_t widest = 0, parameters = 0;
  for (int32_t l = 0; l <= layer_count; l++) {
    const size_t width = padded((size_t)widths[l]) + 4;
    widest = width > widest ? width : widest;
    floats += 3 * width * TILE;
    if (l < layer_count) parameters += ((size_t)widths[l] + 1) * (size_t)widths[l + 1] + 4 * LANES;
  }
  floats += parameters + 2 * widest * TILE;
  return floats;
}

static uint64_t mix(uint64_t state) {
  uint64_t z = state + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t mirrorscope_dropout_key(uint64_t seed, uint64_t epoch, uint64_t step) { return mix(mix(mix(seed) ^ epoch) ^ step); }

static int32_t dropout_threshold(double dropout) { return (int32_t)(dropout * 16777216.0 + 0.5); }

// Rectifies `units` columns of a hidden layer and drops units; what stays is scaled by 1 / (1 − dropout).
INLINED void rectify_and_drop(
    float *columns, size_t units, uint32_t first_unit, uint32_t first_row, uint64_t key, int32_t threshold, float scale,
    const int vectors) {
  const words lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (size_t u = 0; u < units; u++) {
    vector *values = (vector *)(columns + u * TILE);
    for (int j = 0; j < vectors; j++) {
      rectify(values + j);
      if (threshold == 0) continue;
      const words row = lane + (first_row + (uint32_t)j * LANES);
      words h = (row * 65536u + (first_unit + (uint32_t)u)) * 0x9E3779B1u + (uint32_t)key;
      h = (h ^ (h >> 16)) * 0x7FEB352Du;
      h ^= (uint32_t)(key >> 32);
      h = (h ^ (h >> 15)) * 0x846CA68Bu;
      h ^= h >> 16;
      const integers keeps = (integers)((integers)(h >> 8) >= threshold);
      values[j] = (vector)((integers)(values[j] * scale) & keeps);
    }
  }
}

// gradient[b][i] (+)= Σ_r deltas[b][r] · in_rows[r][i] for `block` units and `vectors` × 16 inputs.
INLINED void gradient_block(
    float *gradient, size_t stride, const float *deltas, const float *in_rows, size_t input_stride, size_t rows, int adds,
    const int block, const int vectors) {
  vector sums[4][4];
  for (int b = 0; b < block; b++)
    for (int j = 0; j < vectors; j++) sums[b][j] = adds ? ((vector *)(gradient + (size_t)b * stride))[j] : (vector){0};
  for (size_t r = 0; r < rows; r++) {
    const vector *in = (const vector *)(in_rows + r * input_stride);
    for (int b = 0; b < block; b++) {
      const float delta = deltas[b * TILE + r];
      for (int j = 0; j < vectors; j++) sums[b][j] += delta * in[j];
    }
  }
  for (int b = 0; b < block; b++)
    for (int j = 0; j < vectors; j++) ((vector *)(gradient + (size_t)b * stride))[j] = sums[b][j];
}

INLINED void gradient_strip(
    float *gradient, const layer *at, const float *deltas, size_t first_input, size_t rows, int adds, const int block, size_t vectors) {
  float *const g = gradient + first_input;
  const float *const in = at->in_rows + first_input;
  switch (vectors) {
    case 1: gradient_block(g, at->inputs, deltas, in, at->input_stride, rows, adds, block, 1); break;
    case 2: gradient_block(g, at->inputs, deltas, in, at->input_stride, rows, adds, block, 2); break;
    case 3: gradient_block(g, at->inputs, deltas, in, at->input_stride, rows, adds, block, 3); break;
    default: gradient_block(g, at->inputs, deltas, in, at->input_stride, rows, adds, block, 4); break;
  }
}

// The kernel's gradient. The last vector of a unit runs over into the next unit, so the inputs go from last to first and the units from
// first to last: what is overrun is written afterwards, and the gap takes the last unit's.
INLINED void kernel_gradient(float *gradient, const layer *at, size_t rows, int adds) {
  const size_t vectors = at->input_stride / LANES;
  for (size_t unit = 0; unit < at->units;) {
    const size_t left = at->units - unit;
    const size_t block = left == 4 ? 2 : left < 3 ? left : 3;
    float *const g = gradient + unit * at->inputs;
    const float *const deltas = at->deltas + unit * TILE;
    size_t strips = (vectors + 3) / 4;
    for (size_t end = vectors; strips > 0; strips--) {
      const size_t width = (end + strips - 1) / strips;
      end -= width;
      switch (block) {
        case 1: gradient_strip(g, at, deltas, end * LANES, rows, adds, 1, width); break;
        case 2: gradient_strip(g, at, deltas, end * LANES, rows, adds, 2, width); break;
        default: gradient_strip(g, at, deltas, end * LANES, rows, adds, 3, width); break;
      }
    }
    unit += block;
  }
}

INLINED void bias_gradient(float *gradient, const layer *at, int adds, const int vectors) {
  for (size_t u = 0; u < at->units; u++) {
    const float *deltas = at->deltas + u * TILE;
    vector sum = ((const vector *)deltas)[0];
    if (vectors == 2) sum += ((const vector *)deltas)[1];
    sum += __builtin_shufflevector(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    sum += __builtin_shufflevector(sum, sum, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    gradient[u] = (adds ? gradient[u] : 0.0f) + (sum[0] + sum[1]);
  }
}

// Adam over `count` floats (whole vectors). Returns Σ w² before the update when `decay` is given.
INLINED double adam(
    float *parameters, float *first, float *second, const float *gradient, size_t count, float decay, float alpha, float rate1,
    float rate2, float epsilon) {
  vector squares = {0};
  for (size_t i = 0; i < count; i += LANES) {
    vector w = *(vector *)(parameters + i), m = *(vector *)(first + i), v = *(vector *)(second + i);
    const vector g = *(const vector *)(gradient + i) + decay * w;
    squares += w * w;
    m += (g - m) * rate1;
    v += (g * g - v) * rate2;
    w -= m * alpha / (__builtin_elementwise_sqrt(v) + epsilon);
    *(vector *)(parameters + i) = w;
    *(vector *)(first + i) = m;
    *(vector *)(second + i) = v;
  }
  double sum = 0;
  for (int j = 0; j < LANES; j++) sum += (double)squares[j];
  return sum;
}

typedef struct {
  uint8_t *bytes;        // [TILE × padded(inputs)]
  uint32_t *moved;       // [inputs / 4 × TILE]
  float *columns, *rows; // the inputs, [inputs × TILE] and [TILE × padded(inputs)]
  float *targets;        // [TILE]: label of each row
  float *weights;        // [TILE]: weight of each row × 2 / outputs / rows; 0 in unused lanes
  float *gradient;       // as the parameters
} step_buffers;

// Brings the rows of a tile in, both ways round.
INLINED void load_tile(
    const mirrorscope_dense_training *t, const step_buffers *b, const uint32_t *order, size_t rows, float weight_scale,
    const int vectors) {
  const size_t inputs = (size_t)t->network.widths[0], stride = padded(inputs), whole = inputs / LANES * LANES;
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *state = t->states + (size_t)order[r] * inputs;
    uint8_t *copy = b->bytes + r * stride;
    for (size_t i = 0; i < whole; i += LANES) *(octets *)(copy + i) = *(const octets *)(state + i);
    for (size_t i = whole; i < inputs; i++) copy[i] = state[i];
    for (size_t i = 0; i < stride; i += LANES)
      *(vector *)(b->rows + r * stride + i) = __builtin_convertvector(*(const octets *)(copy + i), vector);
    const uint8_t label = t->labels[order[r]];
    b->targets[r] = (float)label;
    b->weights[r] = t->label_weights[label] * weight_scale;
  }
  for (size_t r = rows; r < TILE; r++) b->weights[r] = 0;
  transpose_bytes(b->columns, b->bytes, stride, inputs, rows, b->moved, vectors);
}

INLINED void prefetch_rows(const mirrorscope_dense_training *t, size_t begin, size_t end) {
  const size_t inputs = (size_t)t->network.widths[0];
  for (size_t i = begin; i < end; i++) {
    const uint8_t *state = t->states + (size_t)t->order[i] * inputs;
    for (size_t offset = 0; offset < inputs; offset += 64) __builtin_prefetch(state + offset);
    __builtin_prefetch(state + inputs - 1);
    __builtin_prefetch(t->labels + t->order[i]);
  }
}

// Forward and backward through one tile; the gradient is written (first tile of a batch) or added to.
// Returns Σ weight · (output − one-hot)², each weight as in `step_buffers`.
INLINED double tile_pass(
    const mirrorscope_dense_training *t, const layer *layers, const step_buffers *b, size_t rows, uint32_t first_row, uint64_t key,
    int32_t threshold, float scale, const int vectors) {
  const int32_t count = t->network.layer_count;
  const float *parameters = t->network.parameters;
  uint32_t first_unit = 0;
  for (int32_t l = 0; l < count; l++) {
    const layer *at = layers + l;
    multiply(
        at->out_columns, parameters + at->bias, at->units, parameters + at->kernel, at->inputs, 1, at->in_columns, at->inputs, vectors);
    if (l == count - 1) break;
    rectify_and_drop(at->out_columns, at->units, first_unit, first_row, key, threshold, scale, vectors);
    const size_t stride = padded(at->units);
    // Not vectorised: the compiler would gather, which is slower.
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop vectorize(disable) unroll_count(4)
      for (size_t u = 0; u < at->units; u++) at->out_rows[r * stride + u] = at->out_columns[u * TILE + r];
    }
    first_unit += (uint32_t)at->units;
  }

  vector loss = {0};
  const layer *output = layers + count - 1;
  for (size_t k = 0; k < output->units; k++) {
    for (int j = 0; j < vectors; j++) {
      const vector target = ((const vector *)b->targets)[j], weight = ((const vector *)b->weights)[j];
      const integers hit = (integers)(target == (float)k);
      const vector one_hot = (vector)((integers)((vector){0} + 1.0f) & hit);
      const vector error = ((const vector *)(output->out_columns + k * TILE))[j] - one_hot;
      const vector delta = weight * error;
      ((vector *)(output->deltas + k * TILE))[j] = delta;
      loss += delta * error;
    }
  }

  const int adds = first_row > 0;
  for (int32_t l = count - 1; l >= 0; l--) {
    const layer *at = layers + l;
    kernel_gradient(b->gradient + at->kernel, at, rows, adds);
    bias_gradient(b->gradient + at->bias, at, adds, vectors);
    if (l == 0) break;
    const layer *below = at - 1;
    multiply(below->deltas, NULL, at->inputs, parameters + at->kernel, 1, at->inputs, at->deltas, at->units, vectors);
    for (size_t u = 0; u < below->units; u++) {
      for (int j = 0; j < vectors; j++) {
        vector *delta = (vector *)(below->deltas + u * TILE) + j;
        const integers active = (integers)(((const vector *)(below->out_columns + u * TILE))[j] > (vector){0});
        *delta = (vector)((integers)(*delta * scale) & active);
      }
    }
  }
  double sum = 0;
  for (int j = 0; j < LANES; j++) sum += (double)loss[j];
  return sum;
}

PER_INSTRUCTION_SET
double mirrorscope_dense_train(const mirrorscope_dense_training *t) {
  const int32_t count = t->network.layer_count;
  const int32_t *widths = t->network.widths;
  size_t kernels[MAXIMUM_LAYERS], biases[MAXIMUM_LAYERS];
  const size_t parameter_count = mirrorscope_dense_layout(count, widths, kernels, biases);
  const size_t hidden_kernels = kernels[count - 1];

  // The workspace, cut up.
  float *next = t->workspace;
  const size_t inputs = (size_t)widths[0];
  step_buffers b;
  b.gradient = next, next += parameter_count;
  b.columns = next, next += (padded(inputs) + 4) * TILE;
  b.rows = next, next += padded(inputs) * TILE;
  b.moved = (uint32_t *)next, next += padded(inputs) * TILE / 4;
  b.bytes = (uint8_t *)next, next += padded(inputs) * TILE / 4;
  b.targets = next, next += TILE;
  b.weights = next, next += TILE;
  layer layers[MAXIMUM_LAYERS];
  for (int32_t l = 0; l < count; l++) {
    layer *at = layers + l;
    at->inputs = (size_t)widths[l];
    at->units = (size_t)widths[l + 1];
    at->input_stride = padded(at->inputs);
    at->kernel = kernels[l];
    at->bias = biases[l];
    at->in_columns = l == 0 ? b.columns : layers[l - 1].out_columns;
    at->in_rows = l == 0 ? b.rows : layers[l - 1].out_rows;
    at->out_columns = next, next += at->units * TILE;
    at->out_rows = next, next += padded(at->units) * TILE;
    at->deltas = next, next += at->units * TILE;
  }

  const int32_t threshold = dropout_threshold(t->dropout);
  const float scale = threshold == 0 ? 1.0f : (float)(1.0 / (1.0 - t->dropout));
  const double outputs = widths[count];
  const float rate1 = (float)(1.0 - t->beta1), rate2 = (float)(1.0 - t->beta2), decay = (float)(2.0 * t->l2);
  double total = 0;
  for (size_t step = t->first_step; step < t->end_step; step++) {
    const size_t begin = step * t->batch_size;
    if (begin >= t->row_count) break;
    const size_t left = t->row_count - begin;
    const size_t rows = left < t->batch_size ? left : t->batch_size;
    const size_t after = left - rows < t->batch_size ? left - rows : t->batch_size;
    prefetch_rows(t, begin + rows, begin + rows + after);

    const uint64_t key = mirrorscope_dropout_key(t->seed, t->epoch, step);
    const float weight_scale = (float)(2.0 / outputs / (double)rows);
    double data_loss = 0;
    for (size_t first = 0; first < rows; first += TILE) {
      const size_t tile = rows - first < TILE ? rows - first : TILE;
      if (tile > LANES) {
        load_tile(t, &b, t->order + begin + first, tile, weight_scale, 2);
        data_loss += tile_pass(t, layers, &b, tile, (uint32_t)first, key, threshold, scale, 2);
      } else {
        load_tile(t, &b, t->order + begin + first, tile, weight_scale, 1);
        data_loss += tile_pass(t, layers, &b, tile, (uint32_t)first, key, threshold, scale, 1);
      }
    }

    const double taken = (double)(t->steps_taken + (step - t->first_step) + 1);
    const float alpha = (float)(t->learning_rate * sqrt(1.0 - pow(t->beta2, taken)) / (1.0 - pow(t->beta1, taken)));
    float *const p = t->network.parameters, *const m = t->first_moments, *const v = t->second_moments;
    const double squares = adam(p, m, v, b.gradient, hidden_kernels, decay, alpha, rate1, rate2, (float)t->epsilon);
    adam(p + hidden_kernels, m + hidden_kernels, v + hidden_kernels, b.gradient + hidden_kernels, parameter_count - hidden_kernels, 0.0f,
         alpha, rate1, rate2, (float)t->epsilon);
    // `weight_scale` carries the 2 of the derivative; the loss does not.
    total += (data_loss / 2.0 + t->l2 * squares) * (double)rows;
  }
  return total;
}
