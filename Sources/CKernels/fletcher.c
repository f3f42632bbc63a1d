#include "fletcher.h"

#include <string.h>

#include "target_clones.h"

enum { LANES = MIRRORSCOPE_FLETCHER_LANES };

PER_INSTRUCTION_SET
void mirrorscope_fletcher(const uint8_t *bytes, size_t steps, uint32_t *first, uint32_t *second) {
  uint32_t sums[LANES] = {0}, sums_of_sums[LANES] = {0};
  for (size_t k = 0; k < steps; k++, bytes += 2 * LANES) {
    uint16_t words[LANES];
    memcpy(words, bytes, sizeof words);
    for (int j = 0; j < LANES; j++) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
      uint16_t word = (uint16_t)(words[j] >> 8 | words[j] << 8);
#else
      uint16_t word = words[j];
#endif
      sums[j] += word;
      sums_of_sums[j] += sums[j];
    }
  }
  memcpy(first, sums, sizeof sums);
  memcpy(second, sums_of_sums, sizeof sums_of_sums);
}
