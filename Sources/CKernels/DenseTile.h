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
// Units per register block: with 2 vectors of rows each, enough accumulators to cover the latency of a fused multiply-add.
#define BLOCK 6

typedef float vector __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t integers __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t words __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint8_t octets __attribute__((vector_size(16), aligned(1), may_alias));

INLINED size_t padded(size_t count) { return (count + LANES - 1) / LANES * LANES; }

// out[b][tile] = bias[b] + Σ_k weights[b · unit_stride + k · inner_stride] · in[k][tile], for `block` units and `vectors` × 16 rows.
INLINED void multiply_block(
    float *out, const float *bias, const float *weights, size_t unit_stride, size_t inner_stride, const float *in, size_t inner_count,
    const int block, const int vectors) {
  vector sums[BLOCK][2];
  for (int b = 0; b < block; b++)
    for (int j = 0; j < vectors; j++) sums[b][j] = (vector){0} + (bias ? bias[b] : 0.0f);
  for (size_t k = 0; k < inner_count; k++) {
    const vector *rows = (const vector *)(in + k * TILE);
    for (int b = 0; b < block; b++) {
      const float weight = weights[(size_t)b * unit_stride + k * inner_stride];
      for (int j = 0; j < vectors; j++) sums[b][j] += weight * rows[j];
    }
  }
  for (int b = 0; b < block; b++)
    for (int j = 0; j < vectors; j++) ((vector *)(out + b * TILE))[j] = sums[b][j];
}

// The same for any number of units, in blocks of nearly equal size.
INLINED void multiply(
    float *out, const float *bias, size_t unit_count, const float *weights, size_t unit_stride, size_t inner_stride, const float *in,
    size_t inner_count, const int vectors) {
  size_t blocks = (unit_count + BLOCK - 1) / BLOCK;
  for (size_t unit = 0; blocks > 0; blocks--) {
    const size_t block = (unit_count - unit + blocks - 1) / blocks;
    float *const o = out + unit * TILE;
    const float *const w = weights + unit * unit_stride;
    const float *const b = bias ? bias + unit : NULL;
    switch (block) {
      case 1: multiply_block(o, b, w, unit_stride, inner_stride, in, inner_count, 1, vectors); break;
      case 2: multiply_block(o, b, w, unit_stride, inner_stride, in, inner_count, 2, vectors); break;
      case 3: multiply_block(o, b, w, unit_stride, inner_stride, in, inner_count, 3, vectors); break;
      case 4: multiply_block(o, b, w, unit_stride, inner_stride, in, inner_count, 4, vectors); break;
      case 5: multiply_block(o, b, w, unit_stride, inner_stride, in, inner_count, 5, vectors); break;
      default: multiply_block(o, b, w, unit_stride, inner_stride, in, inner_count, 6, vectors); break;
    }
    unit += block;
  }
}

// Whole vectors of a rectified layer: negative becomes 0, NaN stays NaN.
INLINED void rectify(vector *values) {
  const integers negative = (integers)(*values < (vector){0});
  *values = (vector)((integers)*values & ~negative);
}

// columns[i][r] = bytes[r][i]: 32-bit words are moved, then taken apart. `bytes` is [TILE × stride], stride a multiple of 16.
// `moved` is scratch, [stride / 4 × TILE] words.
INLINED void transpose_bytes(
    float *columns, const uint8_t *bytes, size_t stride, size_t input_count, size_t rows, uint32_t *moved, const int vectors) {
  const size_t word_count = (input_count + 3) / 4;
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *row = bytes + r * stride;
    for (size_t w = 0; w < word_count; w++) memcpy(moved + w * TILE + r, row + 4 * w, 4);
  }
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
