#include "literal_inflate.h"

#include <string.h>

#include "literal_code.h"
#include "literal_deflate.h"
#include "target_clones.h"

/* Inlined into each clone, so that it takes the clone's instruction set. */
#define INLINED static inline __attribute__((always_inline))

enum { ENTRIES = 1 << LONGEST_LITERAL_CODE };

/* One half of a stream: where its bits come from, where its bytes go, and the code of the block that it is in. */
typedef struct {
  uint64_t bits;
  unsigned available;
  const uint8_t *next, *end;
  uint8_t *out, *limit;
  int in_block, is_final;
  uint16_t single[ENTRIES];
  uint32_t joined[ENTRIES];
} Half;

static void refill(Half *h) {
  for (; h->available <= 56 && h->next < h->end; h->available += 8) h->bits |= (uint64_t)*h->next++ << h->available;
}

/* Returns the next bits, at most 32; -1 at the end. */
static int64_t take(Half *h, unsigned count) {
  refill(h);
  if (h->available < count) return -1;
  uint64_t bits = h->bits & ((1ull << count) - 1);
  h->bits >>= count;
  h->available -= count;
  return (int64_t)bits;
}

/* `table[next bits]` = symbol | length << 9, for a code whose lengths are at most `longest`. Returns 0 where the lengths are no whole code. */
static int make_table(const uint8_t *lengths, int count, int longest, uint16_t *table) {
  uint32_t codes[LITERALS], kraft = 0;
  for (int symbol = 0; symbol < count; symbol++) {
    if (lengths[symbol] > longest) return 0;
    if (lengths[symbol]) kraft += 1u << (longest - lengths[symbol]);
  }
  if (kraft != 1u << longest) return 0;
  canonical_codes(lengths, count, codes);
  for (int symbol = 0; symbol < count; symbol++)
    for (uint32_t i = codes[symbol]; lengths[symbol] && i < 1u << longest; i += 1u << lengths[symbol])
      table[i] = (uint16_t)(symbol | lengths[symbol] << 9);
  return 1;
}

/* The lengths of a block's literal code. Returns 0 where the block is not one of literals, or is damaged. */
static int read_lengths(Half *h, uint8_t *lengths) {
  int64_t literals = take(h, 5), distances = take(h, 5), declared = take(h, 4);
  if (literals != LITERALS - 257 || distances != 0 || declared < 0) return 0;
  uint8_t length_lengths[LENGTH_SYMBOLS] = {0}, all[DECLARED];
  for (int i = 0; i < declared + 4; i++) {
    int64_t length = take(h, 3);
    if (length < 0) return 0;
    length_lengths[length_order[i]] = (uint8_t)length;
  }
  uint16_t table[1 << LONGEST_LENGTH_CODE];
  if (!make_table(length_lengths, LENGTH_SYMBOLS, LONGEST_LENGTH_CODE, table)) return 0;
  for (int filled = 0; filled < DECLARED;) {
    refill(h);
    uint16_t entry = table[h->bits & ((1 << LONGEST_LENGTH_CODE) - 1)];
    if (take(h, entry >> 9) < 0) return 0;
    int symbol = entry & 511;
    if (symbol < 16) {
      all[filled++] = (uint8_t)symbol;
      continue;
    }
    int64_t extra = take(h, symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
    int run = (int)extra + (symbol == 18 ? 11 : 3);
    if (extra < 0 || run > DECLARED - filled || (symbol == 16 && filled == 0)) return 0;
    memset(all + filled, symbol == 16 ? all[filled - 1] : 0, (size_t)run);
    filled += run;
  }
  memcpy(lengths, all, LITERALS);
  return all[LITERALS] == 1;
}

/* Up to three literals that the next 12 bits hold in whole: bits 0 to 5 how many bits they take, 6 and 7 how many they are, then the literals.
   0 stands for the end of the block. */
INLINED void join_literals(const uint16_t *single, uint32_t *joined) {
  for (uint32_t i = 0; i < ENTRIES; i++) {
    uint32_t entry = 0, bits = 0, count = 0;
    for (; count < 3; count++) {
      uint16_t next = single[i >> bits];
      if ((next & 511) == END_OF_BLOCK || bits + (next >> 9) > LONGEST_LITERAL_CODE) break;
      entry |= (uint32_t)(next & 255) << (8 + 8 * count);
      bits += next >> 9;
    }
    joined[i] = entry | count << 6 | bits;
  }
}

static int copy_stored(Half *h) {
  /* Whole bytes that were read ahead go back. */
  h->next -= h->available >> 3;
  h->bits = 0, h->available = 0;
  if (h->end - h->next < 4) return 0;
  size_t count = (size_t)h->next[0] | (size_t)h->next[1] << 8, inverse = (size_t)h->next[2] | (size_t)h->next[3] << 8;
  h->next += 4;
  if ((count ^ inverse) != 0xffff || (size_t)(h->end - h->next) < count || (size_t)(h->limit - h->out) < count) return 0;
  memcpy(h->out, h->next, count);
  h->next += count;
  h->out += count;
  return 1;
}

INLINED int is_done(const Half *h) { return !h->in_block && (h->is_final || (h->available == 0 && h->next == h->end)); }

/* Enters the next block of codes; stored ones on the way are copied. Returns 0 where there is something else. */
INLINED int enter_block(Half *h) {
  while (!h->in_block && !is_done(h)) {
    int64_t is_final = take(h, 1), kind = take(h, 2);
    if (is_final < 0 || kind < 0 || kind == 1 || kind == 3) return 0;
    h->is_final = (int)is_final;
    if (kind == 0) {
      if (!copy_stored(h)) return 0;
      continue;
    }
    uint8_t lengths[LITERALS];
    if (!read_lengths(h, lengths) || !make_table(lengths, LITERALS, LONGEST_LITERAL_CODE, h->single)) return 0;
    join_literals(h->single, h->joined);
    h->in_block = 1;
  }
  return 1;
}

/* Decodes literal by literal to the end of the block. */
static int leave_block(Half *h) {
  for (;;) {
    refill(h);
    uint16_t entry = h->single[h->bits & (ENTRIES - 1)];
    if (take(h, entry >> 9) < 0) return 0;
    if ((entry & 511) == END_OF_BLOCK) break;
    if (h->out == h->limit) return 0;
    *h->out++ = (uint8_t)entry;
  }
  h->in_block = 0;
  return 1;
}

/* At least 56 bits. */
#define REFILL(h)                          \
  do {                                     \
    uint64_t bytes_;                       \
    memcpy(&bytes_, h##_next, 8);          \
    h##_available &= 63;                   \
    h##_bits |= bytes_ << h##_available;   \
    h##_next += (63 - h##_available) >> 3; \
    h##_available |= 56;                   \
  } while (0)

/* One look into the table. The low 6 bits of `available` count; what an entry has above them does not matter. */
#define LOOK(h)                                    \
  do {                                             \
    h##_entry = h##_joined[h##_bits & (ENTRIES - 1)]; \
    uint32_t literals_ = h##_entry >> 8;           \
    memcpy(h##_out, &literals_, 4);                \
    h##_out += h##_entry >> 6 & 3;                 \
    h##_bits >>= h##_entry & 63;                   \
    h##_available -= h##_entry;                    \
  } while (0)

#define LOAD(h)                                                                   \
  uint64_t h##_bits = h->bits;                                                    \
  uint32_t h##_available = h->available, h##_entry = 1;                           \
  const uint8_t *h##_next = h->next, *const h##_last = h->end - 8;                \
  const uint32_t *const h##_joined = h->joined;                                   \
  uint8_t *h##_out = h->out, *const h##_full = h->limit - 16

#define STORE(h) (h->bits = h##_bits, h->available = h##_available & 63, h->next = h##_next, h->out = h##_out)

/* Whether four looks cannot pass an end: they take at most 48 bits and give at most 12 bytes, the last stored with three more. */
INLINED int has_room(const Half *h) { return h->end - h->next >= 8 && h->limit - h->out >= 16; }

/* At the end of its block a half stands still. */
INLINED void put_literals(Half *a) {
  if (!has_room(a)) return;
  LOAD(a);
  while (a_entry && a_next <= a_last && a_out <= a_full) {
    REFILL(a);
    LOOK(a);
    LOOK(a);
    LOOK(a);
    LOOK(a);
  }
  STORE(a);
}

/* Both halves at once: each look waits for the one before it, and the other half fills the time. */
INLINED void put_literals_of_both(Half *a, Half *b) {
  if (!has_room(a) || !has_room(b)) return;
  LOAD(a);
  LOAD(b);
  while (a_entry && b_entry && a_next <= a_last && b_next <= b_last && a_out <= a_full && b_out <= b_full) {
    REFILL(a);
    REFILL(b);
    LOOK(a);
    LOOK(b);
    LOOK(a);
    LOOK(b);
    LOOK(a);
    LOOK(b);
    LOOK(a);
    LOOK(b);
  }
  STORE(a);
  STORE(b);
}

/* Whether the half is at the end of its block, or too near an end for the fast loop. */
INLINED int must_leave(const Half *h) {
  return h->joined[h->bits & (ENTRIES - 1)] == 0 || !has_room(h);
}

/* The bytes before the end of the first empty stored block, which begins with 00 00 FF FF at a whole byte; 0 where there is none. What looks
   like one by chance makes the first half end where it should not, and the result 0. */
INLINED size_t find_middle(const uint8_t *source, size_t count) {
  typedef uint8_t octets __attribute__((vector_size(32), aligned(1), may_alias));
  size_t i = 0;
  for (; i + 32 + 3 <= count; i += 32) {
    const octets found = (octets)(*(const octets *)(source + i) == 0) & (octets)(*(const octets *)(source + i + 1) == 0)
        & (octets)(*(const octets *)(source + i + 2) == 255) & (octets)(*(const octets *)(source + i + 3) == 255);
    if (__builtin_reduce_or(found)) break;
  }
  for (; i + 4 <= count; i++)
    if (source[i] == 0 && source[i + 1] == 0 && source[i + 2] == 255 && source[i + 3] == 255) return i + 4;
  return 0;
}

PER_INSTRUCTION_SET
size_t mirrorscope_inflate_literals(
    const uint8_t *source, size_t count, size_t block_size, uint8_t *target, size_t expected, size_t *consumed) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "bits are read as little-endian words"
#endif
  const size_t split = mirrorscope_literal_split(expected, block_size), middle = split ? find_middle(source, count) : 0;
  if (middle == 0) return 0;
  Half a = {.next = source, .end = source + middle, .out = target, .limit = target + split};
  Half b = {.next = source + middle, .end = source + count, .out = target + split, .limit = target + expected};
  for (;;) {
    if (!enter_block(&a) || !enter_block(&b)) return 0;
    if (!a.in_block || !b.in_block) break;
    put_literals_of_both(&a, &b);
    if (must_leave(&a) && !leave_block(&a)) return 0;
    if (must_leave(&b) && !leave_block(&b)) return 0;
  }
  for (Half *h = a.in_block ? &a : &b; h->in_block;) {
    put_literals(h);
    if (!leave_block(h) || !enter_block(h)) return 0;
  }
  if (a.is_final || !b.is_final || a.out != a.limit || b.out != b.limit) return 0;
  *consumed = (size_t)(b.next - source) - (b.available >> 3);
  return expected;
}
