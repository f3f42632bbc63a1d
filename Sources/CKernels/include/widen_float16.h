/// Float16 as float32.
#ifndef MIRRORSCOPE_WIDEN_FLOAT16_H
#define MIRRORSCOPE_WIDEN_FLOAT16_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Every float16 (IEEE 754 binary16) is a float32 without loss: subnormals, infinities and the bits of a NaN are kept.
///
/// - halves: [count], the bits of each number.
/// - floats: [count], written.
void mirrorscope_widen_float16(const uint16_t *_Nonnull halves, size_t count, float *_Nonnull floats);

#ifdef __cplusplus
}
#endif

#endif
