// What deflating and inflating literals both know of their code.
#ifndef MIRRORSCOPE_LITERAL_CODE_H
#define MIRRORSCOPE_LITERAL_CODE_H

#include <stdint.h>

/* Symbols of the literal code: the bytes and the end of the block. One distance code, never used, has to be declared beside them. */
enum { END_OF_BLOCK = 256, LITERALS = 257, DECLARED = 258, LENGTH_SYMBOLS = 19 };
/* Short enough for four codes in 56 bits, and for two tables of 2^12 entries in the first cache. */
enum { LONGEST_LITERAL_CODE = 12, LONGEST_LENGTH_CODE = 7 };

/* The order in which a block's header gives the lengths of the code for lengths. */
static const uint8_t length_order[LENGTH_SYMBOLS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

/* The canonical codes of some lengths, their bits reversed as deflate stores them. */
static inline void canonical_codes(const uint8_t *lengths, int count, uint32_t *codes) {
  uint32_t of_length[16] = {0}, next[16] = {0}, first = 0;
  for (int symbol = 0; symbol < count; symbol++) of_length[lengths[symbol]]++;
  of_length[0] = 0;
  for (int bits = 1; bits < 16; bits++) next[bits] = first = (first + of_length[bits - 1]) << 1;
  for (int symbol = 0; symbol < count; symbol++) {
    uint32_t code = next[lengths[symbol]]++, reversed = 0;
    for (int bit = 0; bit < lengths[symbol]; bit++, code >>= 1) reversed = reversed << 1 | (code & 1);
    codes[symbol] = reversed;
  }
}

#endif
