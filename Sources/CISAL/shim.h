#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

/* Swift cannot import macros that cast or compute. */
static inline unsigned mirrorscope_deflate_buffer_bytes(unsigned level) {
  return level == 0   ? ISAL_DEF_LVL0_DEFAULT
         : level == 1 ? ISAL_DEF_LVL1_DEFAULT
         : level == 2 ? ISAL_DEF_LVL2_DEFAULT
                      : ISAL_DEF_LVL3_DEFAULT;
}
