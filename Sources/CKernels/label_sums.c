#include "label_sums.h"

#include "target_clones.h"

enum { BATCH = MIRRORSCOPE_LABEL_BATCH, ROWS = 4, GROUPS = BATCH / ROWS, SUBSETS = 1 << ROWS };

/* The tables of a batch take 16 KiB, which the innermost cache holds beside the sums that pass by. */
#define DEFINE_LABEL_SUMS(REAL, TILE)                                                                                          \
  PER_INSTRUCTION_SET                                                                                                          \
  void mirrorscope_label_sums_##REAL(const REAL *rows, size_t batch_count, const uint64_t *marks, size_t stride,               \
                                     size_t label_count, REAL *sums) {                                                         \
    _Alignas(64) REAL subsets[GROUPS][SUBSETS][TILE];                                                                          \
    for (size_t b = 0; b < batch_count; b++) {                                                                                 \
      for (int g = 0; g < GROUPS; g++) {                                                                                       \
        for (int u = 0; u < TILE; u++) subsets[g][0][u] = 0;                                                                   \
        for (int r = 0; r < ROWS; r++) {                                                                                       \
          const REAL *row = rows + (b * BATCH + (size_t)(g * ROWS + r)) * TILE;                                                \
          for (int s = 0; s < 1 << r; s++) {                                                                                   \
            for (int u = 0; u < TILE; u++) subsets[g][(1 << r) + s][u] = subsets[g][s][u] + row[u];                            \
          }                                                                                                                    \
        }                                                                                                                      \
      }                                                                                                                        \
      const uint64_t *own = marks + b * stride;                                                                                \
      for (size_t l = 0; l < label_count; l++) {                                                                               \
        uint64_t word = own[l];                                                                                                \
        REAL even[TILE] = {0}, odd[TILE] = {0};                                                                                \
        for (int g = 0; g < GROUPS; g += 2) {                                                                                  \
          const REAL *first = subsets[g][word >> (g * ROWS) & (SUBSETS - 1)];                                                  \
          const REAL *second = subsets[g + 1][word >> ((g + 1) * ROWS) & (SUBSETS - 1)];                                       \
          for (int u = 0; u < TILE; u++) {                                                                                     \
            even[u] += first[u];                                                                                               \
            odd[u] += second[u];                                                                                               \
          }                                                                                                                    \
        }                                                                                                                      \
        REAL *sum = sums + l * TILE;                                                                                           \
        for (int u = 0; u < TILE; u++) sum[u] += even[u] + odd[u];                                                             \
      }                                                                                                                        \
    }                                                                                                                          \
  }

DEFINE_LABEL_SUMS(float, MIRRORSCOPE_LABEL_FLOATS)
DEFINE_LABEL_SUMS(double, MIRRORSCOPE_LABEL_DOUBLES)
