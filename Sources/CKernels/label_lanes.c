#include "label_lanes.h"

#include "target_clones.h"

PER_INSTRUCTION_SET
void mirrorscope_lane_sizes(const uint8_t *labels, size_t stride, const uint32_t *rows, size_t row_count, size_t lanes,
                            const uint8_t *groups, size_t class_count, uint32_t *sizes) {
  for (size_t r = 0; r < row_count; r++) {
    const uint8_t *own = labels + rows[r] * stride;
    for (size_t k = 0; k < class_count; k++) {
      uint32_t *size = sizes + k * lanes;
      uint8_t group = groups[k];
      for (size_t i = 0; i < lanes; i++) size[i] += own[i] == group;
    }
  }
}

PER_INSTRUCTION_SET
void mirrorscope_lane_weights(const uint8_t *labels, size_t stride, const uint32_t *rows, size_t row_count, size_t lanes,
                              const uint8_t *groups, size_t class_count, const double *weights, double *result) {
  for (size_t r = 0; r < row_count; r++) {
    const uint8_t *own = labels + rows[r] * stride;
    for (size_t k = 0; k < class_count; k++) {
      const double *weight = weights + k * lanes;
      double *out = result + (r * class_count + k) * lanes;
      uint8_t group = groups[k];
      for (size_t i = 0; i < lanes; i++) out[i] = own[i] == group ? weight[i] : 0;
    }
  }
}

PER_INSTRUCTION_SET
void mirrorscope_lane_matches(const uint8_t *labels, size_t stride, const uint32_t *rows, size_t row_count, size_t lanes,
                              const double *scores, const double *thresholds, const uint8_t *groups, size_t test_count,
                              size_t class_count, double *best, uint8_t *predicted, uint32_t *right) {
  for (size_t r = 0; r < row_count; r++) {
    const uint8_t *own = labels + rows[r] * stride;
    const double *score = scores + r * (class_count - 1) * lanes;
    if (class_count == 2) {
      for (size_t i = 0; i < lanes; i++) predicted[i] = score[i] > thresholds[i];
    } else {
      for (size_t i = 0; i < lanes; i++) {
        best[i] = 0;
        predicted[i] = 0;
      }
      for (size_t k = 1; k < class_count; k++) {
        const double *of_class = score + (k - 1) * lanes, *threshold = thresholds + (k - 1) * lanes;
        for (size_t i = 0; i < lanes; i++) {
          double above = of_class[i] - threshold[i];
          uint8_t is_larger = above > best[i];
          best[i] = is_larger ? above : best[i];
          predicted[i] = is_larger ? (uint8_t)k : predicted[i];
        }
      }
    }
    for (size_t t = 0; t < test_count; t++) {
      for (size_t k = 0; k < class_count; k++) {
        uint32_t *count = right + (t * class_count + k) * lanes;
        uint8_t group = groups[t * class_count + k];
        for (size_t i = 0; i < lanes; i++) count[i] += (own[i] == group) & (predicted[i] == (uint8_t)k);
      }
    }
  }
}
