#include "index_scores.h"

#include "target_clones.h"

/* Instruction sets with fused products give the same digits as those without. */
#pragma STDC FP_CONTRACT OFF

/* Scores of so many units are formed side by side, and then added one after the other. */
enum { CHUNK = 32, SCORES = MIRRORSCOPE_INDEX_SCORES };

#define INLINE static inline __attribute__((always_inline))

INLINE double least(double a, double b) { return a < b ? a : b; }

INLINE double positive(double a) { return a > 0 ? a : 0; }

INLINE void score(double self, double other, double self_d, double other_d, double scores[SCORES][CHUNK], size_t place) {
  double low = least(self, other);
  scores[0][place] = positive(low);
  scores[1][place] = low;
  scores[2][place] = positive(least(self_d, other_d));
  scores[3][place] = (self > 0) == (other > 0) ? least(__builtin_fabs(self), __builtin_fabs(other)) : 0;
}

INLINE void add(double scores[SCORES][CHUNK], size_t count, double *result) {
  double sum[SCORES];
  for (int s = 0; s < SCORES; s++) sum[s] = result[s];
  for (size_t place = 0; place < count; place++) {
    for (int s = 0; s < SCORES; s++) sum[s] += scores[s][place];
  }
  for (int s = 0; s < SCORES; s++) result[s] = sum[s];
}

typedef struct {
  double sum, square;
} phase_sums;

INLINE phase_sums plus(phase_sums a, phase_sums b) { return (phase_sums){a.sum + b.sum, a.square + b.square}; }

INLINE phase_sums less(phase_sums a, phase_sums b) { return (phase_sums){a.sum - b.sum, a.square - b.square}; }

/* Quotients by what stays the same, taken once. */
typedef struct {
  double none, self, other, self_degree, other_degree;
  int has_self, has_other;
} reciprocals;

INLINE void score_sums(phase_sums none, phase_sums self, phase_sums other, double scale, double rounding, const reciprocals *per,
                       double scores[SCORES][CHUNK], size_t place) {
  double mean = none.sum * per->none, self_mean = self.sum * per->self, other_mean = other.sum * per->other;
  double self_delta = self_mean - mean, other_delta = other_mean - mean;
  double none_squares = none.square - none.sum * mean;
  double self_squares = none_squares + self.square - self.sum * self_mean;
  double other_squares = none_squares + other.square - other.sum * other_mean;
  /* Of a unit without variance products leave no more than rounding; it counts as no mirror unit. */
  int has_self = per->has_self & (self_squares > rounding * (none.square + self.square));
  int has_other = per->has_other & (other_squares > rounding * (none.square + other.square));
  double self_d = self_delta / __builtin_elementwise_sqrt(self_squares * per->self_degree);
  double other_d = other_delta / __builtin_elementwise_sqrt(other_squares * per->other_degree);
  score(self_delta * scale, other_delta * scale, has_self ? self_d : 0, has_other ? other_d : 0, scores, place);
}

PER_INSTRUCTION_SET
void mirrorscope_dealt_scores(const double *units, size_t unit_count, size_t first, size_t count, const double *sums,
                              const double *squares, const mirrorscope_index_phases *phases, double *result) {
  const double self_degrees = phases->none + phases->self - 2, other_degrees = phases->none + phases->other - 2;
  const reciprocals per = {1 / phases->none,  1 / phases->self, 1 / phases->other, 1 / self_degrees,
                           1 / other_degrees, self_degrees > 0, other_degrees > 0};
  const double rounding = phases->rounding;
  for (int s = 0; s < 3 * SCORES; s++) result[s] = 0;
  for (size_t start = 0; start < count; start += CHUNK) {
    const size_t own = count - start < CHUNK ? count - start : CHUNK;
    double joint[SCORES][CHUNK], self_alone[SCORES][CHUNK], other_alone[SCORES][CHUNK];
    for (size_t place = 0; place < own; place++) {
      const double *unit = units + first + start + place;
      const double *sum = sums + start + place, *square = squares + start + place;
      phase_sums none = {unit[0], unit[3 * unit_count]}, self = {unit[unit_count], unit[4 * unit_count]},
                 other = {unit[2 * unit_count], unit[5 * unit_count]};
      double scale = unit[6 * unit_count];
      phase_sums with_self = plus(none, self), with_other = plus(none, other), all = plus(with_self, other);
      phase_sums dealt[4];
      for (int label = 0; label < 4; label++) dealt[label] = (phase_sums){sum[label * count], square[label * count]};
      score_sums(less(less(all, dealt[0]), dealt[1]), dealt[0], dealt[1], scale, rounding, &per, joint, place);
      score_sums(less(with_self, dealt[2]), dealt[2], other, scale, rounding, &per, self_alone, place);
      score_sums(less(with_other, dealt[3]), self, dealt[3], scale, rounding, &per, other_alone, place);
    }
    add(joint, own, result);
    add(self_alone, own, result + SCORES);
    add(other_alone, own, result + 2 * SCORES);
  }
}

PER_INSTRUCTION_SET
void mirrorscope_contrast_scores(const double *self, const double *other, const double *self_d, const double *other_d, size_t count,
                                 double *result) {
  for (size_t start = 0; start < count; start += CHUNK) {
    const size_t own = count - start < CHUNK ? count - start : CHUNK;
    double scores[SCORES][CHUNK];
    for (size_t place = 0; place < own; place++) {
      const size_t unit = start + place;
      score(self[unit], other[unit], self_d[unit], other_d[unit], scores, place);
    }
    add(scores, own, result);
  }
}

PER_INSTRUCTION_SET
void mirrorscope_direction_scores(const double *units, size_t unit_count, size_t first, size_t count, const double *products,
                                  double weight_sum, const double *factors, const double *around, double *result) {
  enum { LANES = SCORES + 1 + 2 * 3 };
  double sum[LANES] = {0};
  for (size_t start = 0; start < count; start += CHUNK) {
    const size_t own = count - start < CHUNK ? count - start : CHUNK;
    double scores[2][SCORES][CHUNK], hidden[2][CHUNK], about[2][3][CHUNK];
    for (size_t place = 0; place < own; place++) {
      const double *unit = units + first + start + place;
      double direction = products[start + place] - weight_sum * unit[0];
      double raw = direction * unit[unit_count], deviation = unit[2 * unit_count];
      double standardised = deviation > 0 ? direction / deviation : 0;
      for (int half = 0; half < 2; half++) {
        const double *factor = factors + 3 * half;
        double self = unit[(3 + half) * unit_count], self_d = unit[(5 + half) * unit_count];
        score(self, raw * factor[0], self_d, standardised * factor[2], scores[half], place);
        hidden[half][place] = positive(least(self, raw * factor[1]));
        double own = unit[(7 + half) * unit_count], other = deviation > 0 ? around[2 * half] + around[2 * half + 1] * standardised : 0;
        double low = least(own, other);
        about[half][0][place] = positive(low);
        about[half][1][place] = low;
        about[half][2][place] = (own > 0) == (other > 0) ? least(__builtin_fabs(own), __builtin_fabs(other)) : 0;
      }
    }
    for (size_t place = 0; place < own; place++) {
      for (int half = 0; half < 2; half++) {
        sum[0] += scores[half][0][place];
        sum[1] += scores[half][1][place];
        sum[2] += hidden[half][place];
        sum[3] += scores[half][2][place];
        sum[4] += scores[half][3][place];
        for (int s = 0; s < 3; s++) sum[5 + 3 * half + s] += about[half][s][place];
      }
    }
  }
  for (int s = 0; s < LANES; s++) result[s] = sum[s];
}

PER_INSTRUCTION_SET
void mirrorscope_direction_lengths(const double *units, size_t unit_count, size_t first, size_t count, const double *products,
                                   double weight_sum, double *result) {
  double raw_squares_sum = 0, squares_sum = 0, sum = 0;
  for (size_t start = 0; start < count; start += CHUNK) {
    const size_t own = count - start < CHUNK ? count - start : CHUNK;
    double raw_squares[CHUNK], directions[CHUNK];
    for (size_t place = 0; place < own; place++) {
      const double *unit = units + first + start + place;
      double direction = products[start + place] - weight_sum * unit[0];
      double raw = direction * unit[unit_count], deviation = unit[2 * unit_count];
      double standardised = deviation > 0 ? direction / deviation : 0;
      raw_squares[place] = raw * raw;
      directions[place] = standardised;
    }
    for (size_t place = 0; place < own; place++) {
      raw_squares_sum += raw_squares[place];
      squares_sum += directions[place] * directions[place];
      sum += directions[place];
    }
  }
  result[0] = raw_squares_sum;
  result[1] = squares_sum;
  result[2] = sum;
}
