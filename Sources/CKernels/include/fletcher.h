/// The running sums of Fletcher-32, in lanes.
#ifndef MIRRORSCOPE_FLETCHER_H
#define MIRRORSCOPE_FLETCHER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MIRRORSCOPE_FLETCHER_LANES = 32, MIRRORSCOPE_FLETCHER_STEPS = 256 };

/// Sums big-endian words of 16 bits: word `k * lanes + j` is the k-th of lane j.
///
/// - bytes: [2 * lanes * steps].
/// - steps: at most MIRRORSCOPE_FLETCHER_STEPS, so that 32 bits hold the sums.
/// - first: [lanes], written: the sum of each lane's words.
/// - second: [lanes], written: the sum of the sums after each step.
void mirrorscope_fletcher(const uint8_t *_Nonnull bytes, size_t steps, uint32_t *_Nonnull first, uint32_t *_Nonnull second);

#ifdef __cplusplus
}
#endif

#endif
