#ifndef MIRRORSCOPE_LABEL_SUMS_H
#define MIRRORSCOPE_LABEL_SUMS_H

#include <stddef.h>
#include <stdint.h>

/* Rows of a batch, and units of a tile: 64 bytes of either type. */
enum { MIRRORSCOPE_LABEL_BATCH = 64, MIRRORSCOPE_LABEL_FLOATS = 16, MIRRORSCOPE_LABEL_DOUBLES = 8 };

/* Sums of the rows that each of many labels marks: a matrix product whose left side is 0 or 1.

     rows    [64 batch_count x tile] the units of a tile, row by row; 0 where there are no more rows
     marks   [batch_count x stride] of each batch and label a word: bit r is the mark of row r
     sums    [label_count x tile] in and out

   All 16 sums of four rows are formed once and looked up for every label: 16 additions for 64 rows. The independent check is numpy's
   matrix product, in Tests/StatisticsTests; the benchmarks are "units" and "cmni". */
void mirrorscope_label_sums_float(const float *rows, size_t batch_count, const uint64_t *marks, size_t stride, size_t label_count,
                                  float *sums);

void mirrorscope_label_sums_double(const double *rows, size_t batch_count, const uint64_t *marks, size_t stride, size_t label_count,
                                   double *sums);

#endif
