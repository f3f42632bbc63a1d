#include "DenseTile.h"

size_t mirrorscope_dense_layout(int32_t layer_count, const int32_t *widths, size_t *kernel_offsets, size_t *bias_offsets) {
  size_t offset = 0;
  // A gap of at least 15 floats after each tensor lets whole vectors run over its end.
  for (int32_t l = 0; l < layer_count; l++) {
    kernel_offsets[l] = offset;
    offset += padded((size_t)widths[l] * (size_t)widths[l + 1] + LANES - 1);
  }
  for (int32_t l = 0; l < layer_count; l++) {
    bias_offsets[l] = offset;
    offset += padded((size_t)widths[l + 1] + LANES - 1);
  }
  return offset;
}

// Scratch of the forward pass: the input columns, then two layers' activations by turns.
PER_INSTRUCTION_SET
void mirrorscope_dense_forward(
    const mirrorscope_dense *network, const void *rows, int32_t rows_are_bytes, size_t count, float *const *activations,
    float *workspace) {
  const int32_t *widths = network->widths;
  const size_t inputs = (size_t)widths[0];
  // Rows of whole words are moved a word at a time.
  const int rows_are_words = rows_are_bytes && inputs % 4 == 0 && (uintptr_t)rows % 4 == 0;
  size_t widest = 0;
  for (int32_t l = 0; l <= network->layer_count; l++) widest = (size_t)widths[l] > widest ? (size_t)widths[l] : widest;
  float *const buffers[2] = {workspace, workspace + (padded(widest) + 4) * TILE};

  for (size_t begin = 0; begin < count; begin += TILE) {
    const size_t tile = count - begin < TILE ? count - begin : TILE;
    float *in = buffers[0];
    if (rows_are_words) {
      // The buffer that the first layer is written to is scratch until then.
      transpose_bytes(in, (const uint8_t *)rows + begin * inputs, inputs, inputs, tile, (uint32_t *)buffers[1], 2);
    } else if (rows_are_bytes) {
      for (size_t r = 0; r < tile; r++)
        for (size_t i = 0; i < inputs; i++) in[i * TILE + r] = ((const uint8_t *)rows)[(begin + r) * inputs + i];
    } else {
      transpose(in, TILE, (const float *)rows + begin * inputs, inputs, tile, inputs);
    }
    size_t kernel = 0, bias = 0;
    for (int32_t l = 0; l < network->layer_count; l++) bias += padded((size_t)widths[l] * (size_t)widths[l + 1] + LANES - 1);
    for (int32_t l = 0; l < network->layer_count; l++) {
      const size_t layer_inputs = (size_t)widths[l], units = (size_t)widths[l + 1];
      float *out = in == buffers[0] ? buffers[1] : buffers[0];
      multiply(out, network->parameters + bias, units, network->parameters + kernel, layer_inputs, 1, in, layer_inputs, 2);
      const float slope = network->negative_slopes[l];
      if (slope == 0)
        for (size_t i = 0; i < units * TILE; i += LANES) rectify((vector *)(out + i));
      else if (slope != 1)
        for (size_t i = 0; i < units * TILE; i += LANES) leak((vector *)(out + i), slope);
      transpose(activations[l] + begin * units, units, out, TILE, units, tile);
      in = out;
      kernel += padded(layer_inputs * units + LANES - 1);
      bias += padded(units + LANES - 1);
    }
  }
}
