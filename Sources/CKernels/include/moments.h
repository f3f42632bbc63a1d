#ifndef MIRRORSCOPE_MOMENTS_H
#define MIRRORSCOPE_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

/* Central power sums of every unit over some rows of one block, in two passes (mean first), accumulated in double.

     rows     [block rows x unit_count], row-major
     indices  [row_count] numbers of the rows to take, row_count >= 1
     mean, m2, m3, m4   [unit_count] out: mean, and the sums of (x - mean)^k
     minimum, maximum   [unit_count] out

   A unit with a value that is not finite gets a mean that is not finite; its other results mean nothing.
   The independent check is scipy's, in Tests/StatisticsTests/UnitMomentsTests.swift; the benchmark is "statistics". */
void mirrorscope_block_moments_float(const float *rows, size_t unit_count, const int32_t *indices, size_t row_count, double *mean,
                                     double *m2, double *m3, double *m4, double *minimum, double *maximum);

void mirrorscope_block_moments_double(const double *rows, size_t unit_count, const int32_t *indices, size_t row_count,
                                      double *mean, double *m2, double *m3, double *m4, double *minimum, double *maximum);

#endif
