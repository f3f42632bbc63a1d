#ifndef MIRRORSCOPE_CLUSTER_SUMS_H
#define MIRRORSCOPE_CLUSTER_SUMS_H

#include <stddef.h>
#include <stdint.h>

/* Units of a tile. */
enum { MIRRORSCOPE_CLUSTER_TILE = 32 };

/* What a cluster-robust standard error needs of rows that lie in clusters, some of which a labelling treats.

     rows      [rows x TILE] the units of a tile, row by row
     treated   numbers of the treated rows, ascending
     ends      [cluster_count] how many treated rows there are up to the end of each cluster; begin is how many before the first
     shifts    [cluster_count x TILE]
     alpha, beta   [cluster_count]
     sums      [4 x TILE] in and out

   With s the sum of a cluster's treated rows and a = scale s - shift, the sums over clusters of s, a^2, alpha a and beta a are added to the
   four rows of sums. Sums of the clusters of one call are formed in the precision of the rows: a few hundred rows a call. The
   independent check is numpy's, in Tests/StatisticsTests; the benchmark is "units". */
void mirrorscope_cluster_sums_float(const float *rows, const uint32_t *treated, const uint32_t *ends, uint32_t begin,
                                    size_t cluster_count, const float *shifts, const float *alpha, const float *beta, float scale,
                                    double *sums);

void mirrorscope_cluster_sums_double(const double *rows, const uint32_t *treated, const uint32_t *ends, uint32_t begin,
                                     size_t cluster_count, const double *shifts, const double *alpha, const double *beta,
                                     double scale, double *sums);

#endif
