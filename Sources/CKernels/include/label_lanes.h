#ifndef MIRRORSCOPE_LABEL_LANES_H
#define MIRRORSCOPE_LABEL_LANES_H

#include <stddef.h>
#include <stdint.h>

/* Rows under several labelings at a time, one a lane: labels are [rows x stride], a row's labels side by side. A class is a label: groups
   [class_count] says which; rows of other labels belong to none. The independent check is in Tests/StatisticsTests, against one labeling at
   a time; the benchmark is "decode". */

/* Per lane how many of some rows belong to each class.

     rows     [row_count] which
     sizes    [class_count x lanes] in and out */
void mirrorscope_lane_sizes(const uint8_t *labels, size_t stride, const uint32_t *rows, size_t row_count, size_t lanes,
                            const uint8_t *groups, size_t class_count, uint32_t *sizes);

/* The matrix whose product with the transposed rows is the mean of each class.

     weights  [class_count x lanes] 1 / the size of the class, 0 where it is empty
     result   [row_count x class_count x lanes] out: the weight of the row's class, 0 for the other classes */
void mirrorscope_lane_weights(const uint8_t *labels, size_t stride, const uint32_t *rows, size_t row_count, size_t lanes,
                              const uint8_t *groups, size_t class_count, const double *weights, double *result);

/* Per lane how many of some rows of each class are predicted right: a row is given the class k >= 1 with the largest
   score - threshold above 0, else class 0.

     scores       [row_count x (class_count - 1) x lanes] of the classes from 1 on
     thresholds   [(class_count - 1) x lanes]
     groups       [test_count x class_count] for each test
     best         [lanes], predicted [lanes]: memory of the call's own
     right        [test_count x class_count x lanes] in and out */
void mirrorscope_lane_matches(const uint8_t *labels, size_t stride, const uint32_t *rows, size_t row_count, size_t lanes,
                              const double *scores, const double *thresholds, const uint8_t *groups, size_t test_count,
                              size_t class_count, double *best, uint8_t *predicted, uint32_t *right);

#endif
