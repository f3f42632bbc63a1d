#ifndef MIRRORSCOPE_MOMENTS_H
#define MIRRORSCOPE_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

/* Central power sums of every unit over some rows of one block, in two passes (mean first), accumulated in double.

     rows     [block rows x unit_count], row-major
     indices  [row_count] numbers of the rows to take, each within the block, row_count >= 1
     mean, rest   [unit_count] out: the mean as a double and what that lacks (0 for float rows)
     m2, m3, m4   [unit_count] out: the sums of (x - mean - rest)^k
     minimum, maximum   [unit_count] out

   A unit with a value that is not finite gets a mean that is not finite; its other results mean nothing. The sums of doubles whose range
   is beyond 2^-200 to 2^200 leave the range of a double: the caller scales them.
   The independent checks are scipy's and exact fractions, in Tests/StatisticsTests; the benchmark is "statistics". */
void mirrorscope_block_moments_float(const float *rows, size_t unit_count, const int32_t *indices, size_t row_count, double *mean,
                                     double *rest, double *m2, double *m3, double *m4, double *minimum, double *maximum);

void mirrorscope_block_moments_double(const double *rows, size_t unit_count, const int32_t *indices, size_t row_count,
                                      double *mean, double *rest, double *m2, double *m3, double *m4, double *minimum,
                                      double *maximum);

#endif
