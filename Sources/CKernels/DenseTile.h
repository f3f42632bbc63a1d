// What the forward pass and the training step share: vectors, the tile, and the product of a layer with a tile.
#ifndef MIRRORSCOPE_DENSE_TILE_H
#define MIRRORSCOPE_DENSE_TILE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "DenseKernels.h"
#include "target_clones.h"

// Inlined into each clone, so that it takes the clone's instruction set. Vectors go through pointers: by value they would change the ABI.
#define INLINED static inline __attribute__((always_inline))

#define LANES 16
#define TILE 32
// Units per register block. Six vectors of 16 are twelve registers of 8 lanes, which leaves four for the operands; they cover the latency of
// a fused multiply-add.
#define BLOCK 6

typedef float vector __attribute__((vector_size(64), aligned(4), may_alias));
typedef float half_vector __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t integers __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t words __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint8_t octets __attribute__((vector_size(16), aligned(1), may_alias));

#define LANE_NUMBERS ((integers){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})

INLINED size_t padded(size_t count) { return (count + LANES - 1) / LANES * LANES; }

// out[b][tile] = bias[b] + Σ_k weights[b · unit_stride + k · inner_stride] · in[k][tile], for `block` units and 16 rows of the tile.
INLINED void multiply_block(
    float *out, const float *bias, const float *weights, size_t unit_stride, size_t inner_stride, const float *in, size_t inner_count,
    const int block) {
  vector sums[BLOCK];
  for (int b = 0; b < block; b++) sums[b] = (vector){0} + (bias ? bias[b] : 0.0f);
  for (size_t k = 0; k < inner_count; k++) {
    const vector *rows = (const vector *)(in + k * TILE);
    for (int b = 0; b < block; b++) sums[b] += weights[(size_t)b * unit_stride + k * inner_stride] * *rows;
  }
  for (int b = 0; b < block; b++) *(vector *)(out + b * TILE) = sums[b];
}

// Calls `work` with the number of units in blocks of nearly equal size, each a constant to the compiler.
#define FOR_EACH_BLOCK(unit_count, unit, work) \
  for (size_t unit = 0, blocks_ = ((unit_count) + BLOCK - 1) / BLOCK; blocks_ > 0; blocks_--) { \
    const size_t block_ = ((unit_count) - unit + blocks_ - 1) / blocks_; \
    switch (block_) { \
      case 1: work(1); break; \
      case 2: work(2); break; \
      case 3: work(3); break; \
      case 4: work(4); break; \
      case 5: work(5); break; \
      default: work(6); break; \
    } \
    unit += block_; \
  }

// The same for any number of units and `vectors` × 16 rows.
INLINED void multiply(
    float *out, const float *bias, size_t unit_count, const float *weights, size_t unit_stride, size_t inner_stride, const float *in,
    size_t inner_count, const int vectors) {
#define MULTIPLY(block) \
  for (int j = 0; j < vectors; j++) \
  multiply_block( \
      out + unit * TILE + j * LANES, bias ? bias + unit : NULL, weights + unit * unit_stride, unit_stride, inner_stride, in + j * LANES, \
      inner_count, block)
  FOR_EACH_BLOCK(unit_count, unit, MULTIPLY)
#undef MULTIPLY
}

// Whole vectors of a rectified layer: negative becomes 0, NaN stays NaN.
INLINED void rectify(vector *values) {
  const integers negative = (integers)(*values < (vector){0});
  *values = (vector)((integers)*values & ~negative);
}

// Whole vectors of a leaky layer: negative is multiplied by the slope, NaN stays NaN.
INLINED void leak(vector *values, float slope) {
  const integers negative = (integers)(*values < (vector){0});
  *values = (vector)(((integers)*values & ~negative) | ((integers)(*values * slope) & negative));
}

// out[c][r] = in[r][c] for 8 × 8 words; strides in words.
INLINED void transpose_block(float *out, size_t out_stride, const float *in, size_t in_stride) {
  half_vector rows[8], pairs[8], fours[8];
  for (int r = 0; r < 8; r++) rows[r] = *(const half_vector *)(in + (size_t)r * in_stride);
  for (int r = 0; r < 8; r += 2) {
    pairs[r] = __builtin_shufflevector(rows[r], rows[r + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[r + 1] = __builtin_shufflevector(rows[r], rows[r + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int r = 0; r < 8; r += 4)
    for (int k = 0; k < 2; k++) {
      fours[r + 2 * k] = __builtin_shufflevector(pairs[r + k], pairs[r + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      fours[r + 2 * k + 1] = __builtin_shufflevector(pairs[r + k], pairs[r + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int c = 0; c < 4; c++) {
    *(half_vector *)(out + (size_t)c * out_stride) = __builtin_shufflevector(fours[c], fours[c + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(half_vector *)(out + (size_t)(c + 4) * out_stride) = __builtin_shufflevector(fours[c], fours[c + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// out[c][r] = in[r][c] for any count of words; strides in words.
INLINED void transpose(float *out, size_t out_stride, const float *in, size_t in_stride, size_t rows, size_t columns) {
  const size_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
  for (size_t r = 0; r < whole_rows; r += 8)
    for (size_t c = 0; c < whole_columns; c += 8) transpose_block(out + c * out_stride + r, out_stride, in + r * in_stride + c, in_stride);
  // Not vectorised: the compiler would gather, which is slower.
  for (size_t r = 0; r < rows; r++) {
#pragma clang loop vectorize(disable)
    for (size_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) out[c * out_stride + r] = in[r * in_stride + c];
  }
}

// columns[i][r] = bytes[r][i]: 32-bit words are moved, then taken apart. `bytes` is [rows × stride], stride a multiple of 4.
// `moved` is scratch, [stride / 4 × TILE] words.
INLINED void transpose_bytes(
    float *columns, const uint8_t *bytes, size_t stride, size_t input_count, size_t rows, uint32_t *moved, const int vectors) {
  const size_t word_count = (input_count + 3) / 4;
  transpose((float *)moved, TILE, (const float *)bytes, stride / 4, rows, word_count);
  for (size_t w = 0; w < word_count; w++) {
    const words *packed = (const words *)(moved + w * TILE);
    vector *out = (vector *)(columns + 4 * w * TILE);
    for (int j = 0; j < vectors; j++) {
      for (int k = 0; k < 4; k++) {
        const integers value = (integers)((packed[j] >> (8 * k)) & 255);
        out[k * 2 + j] = __builtin_convertvector(value, vector);
      }
    }
  }
}

#endif
