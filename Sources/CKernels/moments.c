#include "moments.h"

#include "target_clones.h"

/* Units are taken in tiles whose sums stay in registers while the rows of the block, which fit the second-level cache, go by. */
enum { TILE = 16 };

/* The same loops for float and double rows. */
#define DEFINE_BLOCK_MOMENTS(REAL)                                                                                               \
  static inline __attribute__((always_inline)) void tile_##REAL(const REAL *rows, size_t stride, const int32_t *indices,        \
                                                                size_t row_count, int width, double *mean, double *m2,          \
                                                                double *m3, double *m4, double *minimum, double *maximum) {     \
    double sum[TILE] = {0};                                                                                                      \
    REAL low[TILE], high[TILE];                                                                                                  \
    const REAL *first = rows + (size_t)indices[0] * stride;                                                                      \
    for (int u = 0; u < width; u++) low[u] = high[u] = first[u];                                                                 \
    for (size_t r = 0; r < row_count; r++) {                                                                                     \
      const REAL *row = rows + (size_t)indices[r] * stride;                                                                      \
      for (int u = 0; u < width; u++) {                                                                                          \
        REAL x = row[u];                                                                                                         \
        sum[u] += (double)x;                                                                                                     \
        low[u] = x < low[u] ? x : low[u];                                                                                        \
        high[u] = x > high[u] ? x : high[u];                                                                                     \
      }                                                                                                                          \
    }                                                                                                                            \
    double center[TILE], s2[TILE] = {0}, s3[TILE] = {0}, s4[TILE] = {0};                                                         \
    for (int u = 0; u < width; u++) center[u] = sum[u] / (double)row_count;                                                      \
    for (size_t r = 0; r < row_count; r++) {                                                                                     \
      const REAL *row = rows + (size_t)indices[r] * stride;                                                                      \
      for (int u = 0; u < width; u++) {                                                                                          \
        double d = (double)row[u] - center[u];                                                                                   \
        double d2 = d * d;                                                                                                       \
        s2[u] += d2;                                                                                                             \
        s3[u] += d2 * d;                                                                                                         \
        s4[u] += d2 * d2;                                                                                                        \
      }                                                                                                                          \
    }                                                                                                                            \
    for (int u = 0; u < width; u++) {                                                                                            \
      mean[u] = center[u];                                                                                                       \
      m2[u] = s2[u];                                                                                                             \
      m3[u] = s3[u];                                                                                                             \
      m4[u] = s4[u];                                                                                                             \
      minimum[u] = (double)low[u];                                                                                               \
      maximum[u] = (double)high[u];                                                                                              \
    }                                                                                                                            \
  }                                                                                                                              \
                                                                                                                                 \
  PER_INSTRUCTION_SET                                                                                                            \
  void mirrorscope_block_moments_##REAL(const REAL *rows, size_t unit_count, const int32_t *indices, size_t row_count,          \
                                        double *mean, double *m2, double *m3, double *m4, double *minimum, double *maximum) {   \
    size_t u = 0;                                                                                                                \
    for (; u + TILE <= unit_count; u += TILE)                                                                                    \
      tile_##REAL(rows + u, unit_count, indices, row_count, TILE, mean + u, m2 + u, m3 + u, m4 + u, minimum + u, maximum + u);  \
    if (u < unit_count)                                                                                                          \
      tile_##REAL(rows + u, unit_count, indices, row_count, (int)(unit_count - u), mean + u, m2 + u, m3 + u, m4 + u,            \
                  minimum + u, maximum + u);                                                                                     \
  }

DEFINE_BLOCK_MOMENTS(float)
DEFINE_BLOCK_MOMENTS(double)
