#ifndef MIRRORSCOPE_INDEX_SCORES_H
#define MIRRORSCOPE_INDEX_SCORES_H

#include <stddef.h>

/* Scores of the index, summed over units in their order, in double precision and without fused products: the digits are those of one unit
   after the other. The four scores of a unit's contrasts a (self) and b (other), and of the same two in standard deviations, c and d, are

     author        max(0, min(a, b))
     formula       min(a, b)
     standardised  max(0, min(c, d))
     symmetric     min(|a|, |b|) where a > 0 and b > 0 agree, else 0

   The independent check is numpy, in Tests/Fixtures/MirrorAnalysis; the benchmark is "cmni". */
enum { MIRRORSCOPE_INDEX_SCORES = 4 };

/* Sizes of the none, self and other phases, and what of a sum of squares may be rounding. */
typedef struct {
  double none, self, other, rounding;
} mirrorscope_index_phases;

/* Under one deal of the labels: the joint one, none and self, none and other.

     units    [7 x unit_count] sums over none, self and other, sums of squares over them, and by what a difference is multiplied to be one of
              activations
     first    the first unit of a block of `count`
     sums     [4 x count] over the rows that are dealt self jointly, other jointly, self in the second deal, other in the third
     squares  likewise, of squares
     result   [3 x 4] out */
void mirrorscope_dealt_scores(const double *units, size_t unit_count, size_t first, size_t count, const double *sums,
                              const double *squares, const mirrorscope_index_phases *phases, double *result);

/* Of contrasts that are known.

     self, other      [count]
     self_d, other_d  [count] the same in standard deviations
     result           [4] to which the sums are added, unit after unit */
void mirrorscope_contrast_scores(const double *self, const double *other, const double *self_d, const double *other_d, size_t count,
                                 double *result);

/* A random direction: products of weights with a block of units, less the weights' sum times the units' means.

     units       [9 x unit_count] means, scales as above, standard deviations, contrasts of self in either half, these in standard deviations,
                 and in those of the half
     products    [count]
     factors     [2 x 3] by what the direction is multiplied against self of either half: for author, formula and symmetric; without the
                 outputs; in standard deviations
     around      [2 x 2] offset and factor of the direction d in standard deviations: offset + factor d in place of other against self of
                 either half in the half's standard deviations, of units that vary
     result      [11] out, over both halves: author, formula, author without the outputs, standardised, symmetric; and with `around`, of
                 either half, author (which is standardised too), formula, symmetric */
void mirrorscope_direction_scores(const double *units, size_t unit_count, size_t first, size_t count, const double *products,
                                  double weight_sum, const double *factors, const double *around, double *result);

/* Squared lengths of such a direction, as activations and in standard deviations, and the sum of the latter over units: result [3] out. */
void mirrorscope_direction_lengths(const double *units, size_t unit_count, size_t first, size_t count, const double *products,
                                   double weight_sum, double *result);

#endif
