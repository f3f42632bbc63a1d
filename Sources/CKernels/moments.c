#include "moments.h"

#include "target_clones.h"

/* Units are taken in tiles whose sums stay in registers while the rows of the block, which fit the second-level cache, go by. */
enum { TILE = 16 };

/* The same loops for float and double rows.

   EXACT says that rows have all the digits of a double. Then the mean is taken from the first row on, since a plain sum of numbers that
   hardly differ rounds by more than they do; it comes in two parts, and what the first part lacks, which all deviations carry, is taken
   off the sums. Floats need none of it: a double has 29 bits more. */
#define DEFINE_BLOCK_MOMENTS(REAL, EXACT)                                                                                        \
  static inline __attribute__((always_inline)) void tile_##REAL(const REAL *rows, size_t stride, const int32_t *indices,        \
                                                                size_t row_count, int width, double *mean, double *rest,        \
                                                                double *m2, double *m3, double *m4, double *minimum,            \
                                                                double *maximum) {                                              \
    double sum[TILE] = {0};                                                                                                      \
    REAL low[TILE], high[TILE];                                                                                                  \
    const REAL *first = rows + (size_t)indices[0] * stride;                                                                      \
    for (int u = 0; u < width; u++) low[u] = high[u] = first[u];                                                                 \
    for (size_t r = 0; r < row_count; r++) {                                                                                     \
      const REAL *row = rows + (size_t)indices[r] * stride;                                                                      \
      for (int u = 0; u < width; u++) {                                                                                          \
        REAL x = row[u];                                                                                                         \
        sum[u] += EXACT ? (double)x - (double)first[u] : (double)x;                                                              \
        low[u] = x < low[u] ? x : low[u];                                                                                        \
        high[u] = x > high[u] ? x : high[u];                                                                                     \
      }                                                                                                                          \
    }                                                                                                                            \
    double center[TILE], s2[TILE] = {0}, s3[TILE] = {0}, s4[TILE] = {0};                                                         \
    for (int u = 0; u < width; u++) {                                                                                            \
      double quotient = sum[u] / (double)row_count;                                                                              \
      center[u] = EXACT ? (double)first[u] + quotient : quotient;                                                                \
      rest[u] = 0;                                                                                                               \
      if (EXACT) { /* first + quotient - center, exactly (Knuth's TwoSum) */                                                     \
        double part = center[u] - (double)first[u];                                                                              \
        rest[u] = ((double)first[u] - (center[u] - part)) + (quotient - part);                                                   \
      }                                                                                                                          \
    }                                                                                                                            \
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
      if (EXACT) { /* Sums about center become sums about center + rest. */                                                      \
        double n = (double)row_count, e = rest[u], e2 = e * e;                                                                   \
        s4[u] += -4 * e * s3[u] + 6 * e2 * s2[u] - 3 * n * e2 * e2;                                                              \
        s3[u] += -3 * e * s2[u] + 2 * n * e2 * e;                                                                                \
        s2[u] -= n * e2;                                                                                                         \
      }                                                                                                                          \
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
                                        double *mean, double *rest, double *m2, double *m3, double *m4, double *minimum,        \
                                        double *maximum) {                                                                       \
    size_t u = 0;                                                                                                                \
    for (; u + TILE <= unit_count; u += TILE)                                                                                    \
      tile_##REAL(rows + u, unit_count, indices, row_count, TILE, mean + u, rest + u, m2 + u, m3 + u, m4 + u, minimum + u,      \
                  maximum + u);                                                                                                  \
    if (u < unit_count)                                                                                                          \
      tile_##REAL(rows + u, unit_count, indices, row_count, (int)(unit_count - u), mean + u, rest + u, m2 + u, m3 + u, m4 + u,  \
                  minimum + u, maximum + u);                                                                                     \
  }

DEFINE_BLOCK_MOMENTS(float, 0)
DEFINE_BLOCK_MOMENTS(double, 1)
