#include "literal_deflate.h"

#include <string.h>

#include "literal_code.h"
#include "target_clones.h"

enum { SLACK = 32 };
/* Below this, decoding takes as long as making its tables. */
enum { SMALLEST_SPLIT = 1 << 15 };

typedef struct {
  uint64_t bits;
  unsigned used;
  uint8_t *next, *end;
} BitWriter;

static inline __attribute__((always_inline)) void put(BitWriter *out, uint64_t bits, unsigned count) {
  out->bits |= bits << out->used;
  out->used += count;
}

/* Moves whole bytes out; at most 7 bits stay. */
static inline __attribute__((always_inline)) void drain(BitWriter *out) {
  memcpy(out->next, &out->bits, 8);
  unsigned bytes = out->used >> 3;
  out->next += bytes;
  out->bits >>= bytes * 8;
  out->used &= 7;
}

/* Ascending by count; equal counts keep their order, so that equal input gives equal bytes. */
static void sort_by_count(uint16_t *order, int used, const uint32_t *counts) {
  uint16_t other[DECLARED];
  uint32_t highest = 0;
  for (int i = 0; i < used; i++) highest |= counts[order[i]];
  for (int shift = 0; shift < 32 && highest >> shift; shift += 8) {
    uint16_t starts[257] = {0};
    for (int i = 0; i < used; i++) starts[(counts[order[i]] >> shift & 255) + 1]++;
    for (int digit = 0; digit < 256; digit++) starts[digit + 1] += starts[digit];
    for (int i = 0; i < used; i++) other[starts[counts[order[i]] >> shift & 255]++] = order[i];
    memcpy(order, other, (size_t)used * sizeof *order);
  }
}

/* Lengths of a prefix code for counts [count], 0 for a count of 0, none above `longest`: minimum redundancy in place (Moffat and Katajainen,
   1995), then codes that are too long are cut and the shortest possible others lengthened until the code is complete again. Where the counts
   fit no tree (one symbol) that symbol gets one bit. */
static void code_lengths(const uint32_t *counts, int count, int longest, uint8_t *lengths) {
  uint16_t order[DECLARED];
  uint32_t tree[DECLARED];
  int used = 0;
  memset(lengths, 0, (size_t)count);
  for (int symbol = 0; symbol < count; symbol++)
    if (counts[symbol]) order[used++] = (uint16_t)symbol;
  if (used == 0) return;
  if (used == 1) {
    lengths[order[0]] = 1;
    return;
  }
  sort_by_count(order, used, counts);
  for (int i = 0; i < used; i++) tree[i] = counts[order[i]];

  /* Internal nodes take the places of the leaves: first their weights, then their parents, then their depths. */
  int root = 0, leaf = 2;
  tree[0] += tree[1];
  for (int next = 1; next < used - 1; next++) {
    for (int child = 0; child < 2; child++) {
      int takes_root = leaf >= used || (root < next && tree[root] < tree[leaf]);
      uint32_t weight = takes_root ? tree[root] : tree[leaf];
      tree[next] = child ? tree[next] + weight : weight;
      if (takes_root) tree[root++] = (uint32_t)next;
      else leaf++;
    }
  }
  tree[used - 2] = 0;
  for (int next = used - 3; next >= 0; next--) tree[next] = tree[tree[next]] + 1;

  /* How many codes there are of each length, cut at the longest. */
  uint32_t of_length[16] = {0};
  int available = 1, internal = 0, depth = 0;
  root = used - 2;
  while (available > 0) {
    for (; root >= 0 && (int)tree[root] == depth; root--) internal++;
    int leaves = available - internal;
    of_length[depth < longest ? depth : longest] += (uint32_t)leaves;
    available = 2 * internal;
    internal = 0;
    depth++;
  }
  uint32_t kraft = 0;
  for (int bits = 1; bits <= longest; bits++) kraft += of_length[bits] << (longest - bits);
  for (; kraft > 1u << longest; kraft--) {
    int bits = longest - 1;
    while (of_length[bits] == 0) bits--;
    of_length[bits]--;
    of_length[bits + 1] += 2;
    of_length[longest]--;
  }
  int position = 0;
  for (int bits = longest; bits >= 1; bits--)
    for (uint32_t i = 0; i < of_length[bits]; i++) lengths[order[position++]] = (uint8_t)bits;
}

/* The literal code's lengths as runs, and the code for these: what stands before a block. */
typedef struct {
  uint8_t symbols[DECLARED], extra[DECLARED];
  int count;
  uint8_t lengths[LENGTH_SYMBOLS];
  int declared;
} Header;

static inline unsigned extra_bits(uint8_t symbol) { return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0; }

static void add_run(Header *header, uint8_t symbol, int extra) {
  header->symbols[header->count] = symbol;
  header->extra[header->count++] = (uint8_t)extra;
}

/* Returns the header's bits. */
static uint64_t make_header(Header *header, const uint8_t *lengths) {
  header->count = 0;
  for (int symbol = 0; symbol < DECLARED;) {
    uint8_t length = lengths[symbol];
    int run = 1;
    while (symbol + run < DECLARED && lengths[symbol + run] == length) run++;
    symbol += run;
    if (length != 0) {
      add_run(header, length, 0);
      run--;
    }
    while (run >= (length ? 3 : 11)) {
      int part = length ? (run < 6 ? run : 6) : (run < 138 ? run : 138);
      add_run(header, length ? 16 : 18, part - (length ? 3 : 11));
      run -= part;
    }
    if (length == 0 && run >= 3) {
      add_run(header, 17, run - 3);
      run = 0;
    }
    for (; run > 0; run--) add_run(header, length, 0);
  }
  uint32_t counts[LENGTH_SYMBOLS] = {0};
  for (int i = 0; i < header->count; i++) counts[header->symbols[i]]++;
  code_lengths(counts, LENGTH_SYMBOLS, LONGEST_LENGTH_CODE, header->lengths);
  header->declared = LENGTH_SYMBOLS;
  while (header->declared > 4 && header->lengths[length_order[header->declared - 1]] == 0) header->declared--;
  uint64_t bits = 3 + 14 + 3 * (uint64_t)header->declared;
  for (int i = 0; i < header->count; i++) bits += header->lengths[header->symbols[i]] + extra_bits(header->symbols[i]);
  return bits;
}

static void put_header(BitWriter *out, const Header *header, int is_final) {
  put(out, (uint64_t)is_final, 1);
  put(out, 2, 2);
  put(out, LITERALS - 257, 5);
  put(out, 0, 5);
  put(out, (uint64_t)(header->declared - 4), 4);
  drain(out);
  for (int i = 0; i < header->declared; i++) {
    put(out, header->lengths[length_order[i]], 3);
    drain(out);
  }
  uint32_t codes[LENGTH_SYMBOLS];
  canonical_codes(header->lengths, LENGTH_SYMBOLS, codes);
  for (int i = 0; i < header->count; i++) {
    put(out, codes[header->symbols[i]], header->lengths[header->symbols[i]]);
    put(out, header->extra[i], extra_bits(header->symbols[i]));
    drain(out);
  }
}

static int put_stored(BitWriter *out, const uint8_t *source, size_t count, int is_final) {
  for (size_t done = 0; done < count;) {
    uint16_t part = (uint16_t)(count - done < 65535 ? count - done : 65535), inverse = (uint16_t)~part;
    if ((size_t)(out->end - out->next) < (size_t)part + SLACK) return 0;
    put(out, (uint64_t)(is_final && done + part == count), 1);
    put(out, 0, 2);
    out->used = (out->used + 7) & ~7u;
    drain(out);
    memcpy(out->next, &part, 2);
    memcpy(out->next + 2, &inverse, 2);
    memcpy(out->next + 4, source + done, part);
    out->next += 4 + part;
    done += part;
  }
  return 1;
}

static inline __attribute__((always_inline)) void put_literals(
    BitWriter *out, const uint8_t *source, size_t count, const uint8_t *lengths) {
  uint32_t codes[LITERALS], table[256];
  canonical_codes(lengths, LITERALS, codes);
  for (int symbol = 0; symbol < 256; symbol++) table[symbol] = codes[symbol] << 8 | lengths[symbol];
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    uint32_t a = table[source[i]], b = table[source[i + 1]], c = table[source[i + 2]], d = table[source[i + 3]];
    /* The low 6 bits of an entry are a length, those of a sum of entries the sum of the lengths. */
    uint64_t first = (uint64_t)(a >> 8) | (uint64_t)(b >> 8) << (a & 63);
    uint64_t second = (uint64_t)(c >> 8) | (uint64_t)(d >> 8) << (c & 63);
    put(out, first | second << ((a + b) & 63), (a + b + c + d) & 63);
    drain(out);
  }
  for (; i < count; i++) {
    put(out, table[source[i]] >> 8, table[source[i]] & 255);
    drain(out);
  }
  put(out, codes[END_OF_BLOCK], lengths[END_OF_BLOCK]);
  drain(out);
}

/* Eight tables, so that equal bytes one after another do not wait for each other. */
static inline __attribute__((always_inline)) void count_bytes(const uint8_t *source, size_t count, uint32_t *counts) {
  uint32_t tables[8][256];
  memset(tables, 0, sizeof tables);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    uint64_t bytes;
    memcpy(&bytes, source + i, 8);
    for (int lane = 0; lane < 8; lane++) tables[lane][bytes >> (8 * lane) & 255]++;
  }
  for (; i < count; i++) tables[0][source[i]]++;
  for (int byte = 0; byte < 256; byte++) {
    counts[byte] = 0;
    for (int lane = 0; lane < 8; lane++) counts[byte] += tables[lane][byte];
  }
}

static inline __attribute__((always_inline)) int put_block(BitWriter *out, const uint8_t *source, size_t count, int is_final) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "bits are written as little-endian words"
#endif
  uint32_t counts[LITERALS];
  count_bytes(source, count, counts);
  counts[END_OF_BLOCK] = 1;
  uint8_t lengths[DECLARED];
  code_lengths(counts, LITERALS, LONGEST_LITERAL_CODE, lengths);
  lengths[LITERALS] = 1;
  Header header;
  uint64_t bits = make_header(&header, lengths);
  for (int symbol = 0; symbol < LITERALS; symbol++) bits += (uint64_t)counts[symbol] * lengths[symbol];
  if (bits / 8 + 16 >= count) return put_stored(out, source, count, is_final);
  if ((uint64_t)(out->end - out->next) < bits / 8 + SLACK) return 0;
  put_header(out, &header, is_final);
  put_literals(out, source, count, lengths);
  return 1;
}

static int put_empty(BitWriter *out) {
  if (out->end - out->next < SLACK) return 0;
  put(out, 0, 3);
  out->used = (out->used + 7) & ~7u;
  drain(out);
  put(out, 0xffff0000, 32);
  drain(out);
  return 1;
}

size_t mirrorscope_literal_split(size_t count, size_t block_size) {
  if (count < SMALLEST_SPLIT) return 0;
  return (count + block_size - 1) / block_size / 2 * block_size;
}

PER_INSTRUCTION_SET
size_t mirrorscope_deflate_literals(const uint8_t *source, size_t count, size_t block_size, uint8_t *target, size_t capacity) {
  BitWriter out = {0, 0, target, target + capacity};
  size_t split = mirrorscope_literal_split(count, block_size);
  for (size_t start = 0; start < count; start += block_size) {
    if (start > 0 && start == split && !put_empty(&out)) return 0;
    size_t part = count - start < block_size ? count - start : block_size;
    if (!put_block(&out, source + start, part, start + part == count)) return 0;
  }
  out.used = (out.used + 7) & ~7u;
  drain(&out);
  return (size_t)(out.next - target);
}
