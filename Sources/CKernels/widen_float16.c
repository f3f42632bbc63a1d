#include "widen_float16.h"

#include <string.h>

#include "target_clones.h"

PER_INSTRUCTION_SET
void mirrorscope_widen_float16(const uint16_t *halves, size_t count, float *floats) {
  for (size_t k = 0; k < count; k++) {
    uint32_t sign = (uint32_t)(halves[k] & 0x8000) << 16;
    // Exponent and mantissa in the places that float32 has for them.
    uint32_t bits = (uint32_t)(halves[k] & 0x7fff) << 13;
    // From the bias 15 to the bias 127; of infinities and NaN the exponent to its largest.
    uint32_t wide = bits + (bits < 0x7c00u << 13 ? 112u << 23 : 224u << 23);
    // A subnormal is what it adds to the smallest normal number.
    uint32_t raised = bits + (113u << 23), least = 113u << 23;
    float number, base;
    memcpy(&number, &raised, sizeof number);
    memcpy(&base, &least, sizeof base);
    number -= base;
    uint32_t small;
    memcpy(&small, &number, sizeof small);
    wide = (bits < 0x0400u << 13 ? small : wide) | sign;
    memcpy(&floats[k], &wide, sizeof wide);
  }
}
