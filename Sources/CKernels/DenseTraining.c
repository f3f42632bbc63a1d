#include <math.h>

#include "DenseTile.h"

// One layer's place in the buffers of a step. Columns are [features × TILE], rows [TILE × stride].
typedef struct {
  size_t inputs, units, input_stride;
  size_t kernel, bias;         // offsets of the parameters
  const float *in_columns;     // the layer's inputs after dropout
  const void *in_rows;         // the same, row by row, columns beyond `inputs` zero: uint8 in the first layer, float in the others
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
  for (size_t u = 0; u < units; u++) {
    vector *values = (vector *)(columns + u * TILE);
    for (int j = 0; j < vectors; j++) {
      rectify(values + j);
      if (threshold == 0) continue;
      const words row = (words)LANE_NUMBERS + (first_row + (uint32_t)j * LANES);
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

// The rows of the next step, fetched while this one computes.
typedef struct {
  const mirrorscope_dense_training *training;
  size_t next, end;
} lookahead;

// Five at a time: their page walks overlap, and they do not fill the core's queue of misses.
INLINED void fetch_some(lookahead *ahead) {
  const mirrorscope_dense_training *t = ahead->training;
  const size_t inputs = (size_t)t->network.widths[0];
  for (int i = 0; i < 5 && ahead->next < ahead->end; i++, ahead->next++) {
    const uint32_t row = t->order[ahead->next];
    const uint8_t *state = t->states + (size_t)row * inputs;
    for (size_t offset = 0; offset < inputs; offset += 64) __builtin_prefetch(state + offset);
    __builtin_prefetch(state + inputs - 1);
    __builtin_prefetch(t->labels + row);
  }
}

// gradient[b][i] (+)= Σ_r deltas[b][r] · in_rows[r][first_input + i] for `block` units and 16 inputs.
INLINED void gradient_block(
    float *gradient, const layer *at, const float *deltas, size_t first_input, size_t rows, int adds, const int from_bytes,
    const int block) {
  vector sums[BLOCK];
  for (int b = 0; b < block; b++) sums[b] = adds ? *(vector *)(gradient + (size_t)b * at->inputs) : (vector){0};
  for (size_t r = 0; r < rows; r++) {
    const size_t first = r * at->input_stride + first_input;
    vector in;
    if (from_bytes)
      in = __builtin_convertvector(*(const octets *)((const uint8_t *)at->in_rows + first), vector);
    else
      in = *(const vector *)((const float *)at->in_rows + first);
    for (int b = 0; b < block; b++) sums[b] += deltas[b * TILE + r] * in;
  }
  for (int b = 0; b < block; b++) *(vector *)(gradient + (size_t)b * at->inputs) = sums[b];
}

// The kernel's gradient. The last vector of a unit runs over into the next unit, so the inputs go from last to first and the units from
// first to last: what is overrun is written afterwards, and the gap takes the last unit's.
INLINED void kernel_gradient(float *gradient, const layer *at, size_t rows, int adds, lookahead *ahead, const int from_bytes) {
#define GRADIENT(block) \
  for (size_t input = at->input_stride; input > 0;) { \
    input -= LANES; \
    if (input % (4 * LANES) == 0) fetch_some(ahead); \
    gradient_block( \
        gradient + unit * at->inputs + input, at, at->deltas + unit * TILE, input, rows, adds, from_bytes, block); \
  }
  FOR_EACH_BLOCK(at->units, unit, GRADIENT)
#undef GRADIENT
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
  uint8_t *bytes;        // the inputs, [TILE × padded(inputs)]
  uint32_t *moved;       // [inputs / 4 × TILE]
  float *columns;        // the inputs, [inputs × TILE]
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
    const uint8_t label = t->labels[order[r]];
    b->targets[r] = (float)label;
    b->weights[r] = t->label_weights[label] * weight_scale;
  }
  for (size_t r = rows; r < TILE; r++) b->weights[r] = 0;
  transpose_bytes(b->columns, b->bytes, stride, inputs, rows, b->moved, vectors);
}

// Forward and backward through one tile; the gradient is written (first tile of a batch) or added to.
// Returns Σ weight · (output − one-hot)², each weight as in `step_buffers`.
INLINED double tile_pass(
    const mirrorscope_dense_training *t, const layer *layers, const step_buffers *b, size_t rows, uint32_t first_row, uint64_t key,
    int32_t threshold, float scale, lookahead *ahead, const int vectors) {
  const int32_t count = t->network.layer_count;
  const float *parameters = t->network.parameters;
  uint32_t first_unit = 0;
  for (int32_t l = 0; l < count; l++) {
    const layer *at = layers + l;
    multiply(
        at->out_columns, parameters + at->bias, at->units, parameters + at->kernel, at->inputs, 1, at->in_columns, at->inputs, vectors);
    if (l == count - 1) break;
    rectify_and_drop(at->out_columns, at->units, first_unit, first_row, key, threshold, scale, vectors);
    transpose(at->out_rows, padded(at->units), at->out_columns, TILE, at->units, rows);
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
    bias_gradient(b->gradient + at->bias, at, adds, vectors);
    if (l == 0) {
      kernel_gradient(b->gradient + at->kernel, at, rows, adds, ahead, 1);
      break;
    }
    kernel_gradient(b->gradient + at->kernel, at, rows, adds, ahead, 0);
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
    at->in_rows = l == 0 ? (const void *)b.bytes : layers[l - 1].out_rows;
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
    lookahead ahead = {t, begin + rows, begin + rows + after};

    const uint64_t key = mirrorscope_dropout_key(t->seed, t->epoch, step);
    const float weight_scale = (float)(2.0 / outputs / (double)rows);
    double data_loss = 0;
    for (size_t first = 0; first < rows; first += TILE) {
      const size_t tile = rows - first < TILE ? rows - first : TILE;
      if (tile > LANES) {
        load_tile(t, &b, t->order + begin + first, tile, weight_scale, 2);
        data_loss += tile_pass(t, layers, &b, tile, (uint32_t)first, key, threshold, scale, &ahead, 2);
      } else {
        load_tile(t, &b, t->order + begin + first, tile, weight_scale, 1);
        data_loss += tile_pass(t, layers, &b, tile, (uint32_t)first, key, threshold, scale, &ahead, 1);
      }
    }

    while (ahead.next < ahead.end) fetch_some(&ahead);

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
