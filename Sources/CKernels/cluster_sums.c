#include "cluster_sums.h"

#include "target_clones.h"

enum { TILE = MIRRORSCOPE_CLUSTER_TILE, ROWS_PER_SUM = 128 };

/* The sums of a tile stay in registers; a long cluster is summed in parts, so that rounding grows with their number. */
#define DEFINE_CLUSTER_SUMS(REAL)                                                                                              \
  PER_INSTRUCTION_SET                                                                                                          \
  void mirrorscope_cluster_sums_##REAL(const REAL *rows, const uint32_t *treated, const uint32_t *ends, uint32_t begin,       \
                                       size_t cluster_count, const REAL *shifts, const REAL *alpha, const REAL *beta,         \
                                       REAL scale, double *sums) {                                                             \
    REAL total[TILE] = {0}, squares[TILE] = {0}, alphas[TILE] = {0}, betas[TILE] = {0};                                        \
    uint32_t next = begin;                                                                                                     \
    for (size_t c = 0; c < cluster_count; c++) {                                                                               \
      uint32_t end = ends[c];                                                                                                  \
      REAL sum[TILE] = {0};                                                                                                    \
      while (end - next > ROWS_PER_SUM) {                                                                                      \
        REAL part[TILE] = {0};                                                                                                 \
        for (uint32_t last = next + ROWS_PER_SUM; next < last; next++) {                                                       \
          const REAL *row = rows + (size_t)treated[next] * TILE;                                                               \
          for (int u = 0; u < TILE; u++) part[u] += row[u];                                                                    \
        }                                                                                                                      \
        for (int u = 0; u < TILE; u++) sum[u] += part[u];                                                                      \
      }                                                                                                                        \
      for (; next < end; next++) {                                                                                             \
        const REAL *row = rows + (size_t)treated[next] * TILE;                                                                 \
        for (int u = 0; u < TILE; u++) sum[u] += row[u];                                                                       \
      }                                                                                                                        \
      const REAL *shift = shifts + c * TILE;                                                                                   \
      REAL own_alpha = alpha[c], own_beta = beta[c];                                                                           \
      for (int u = 0; u < TILE; u++) {                                                                                         \
        REAL a = scale * sum[u] - shift[u];                                                                                    \
        total[u] += sum[u];                                                                                                    \
        squares[u] += a * a;                                                                                                   \
        alphas[u] += own_alpha * a;                                                                                            \
        betas[u] += own_beta * a;                                                                                              \
      }                                                                                                                        \
    }                                                                                                                          \
    for (int u = 0; u < TILE; u++) {                                                                                           \
      sums[u] += (double)total[u];                                                                                             \
      sums[TILE + u] += (double)squares[u];                                                                                    \
      sums[2 * TILE + u] += (double)alphas[u];                                                                                 \
      sums[3 * TILE + u] += (double)betas[u];                                                                                  \
    }                                                                                                                          \
  }

DEFINE_CLUSTER_SUMS(float)
DEFINE_CLUSTER_SUMS(double)
