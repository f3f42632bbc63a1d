#ifndef MIRRORSCOPE_LITERAL_INFLATE_H
#define MIRRORSCOPE_LITERAL_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/* Inflates (RFC 1951) what mirrorscope_deflate_literals wrote of `mirrorscope_literal_split` bytes or more: Huffman codes alone, in two halves
   that are decoded side by side, up to three bytes with one look into a table. Half as fast again as a general inflater.

     source      [count] bytes; what follows the last block is left alone
     block_size  as when it was written
     target      [expected] bytes, the number that was deflated
     consumed    how many bytes of the source were blocks

   Returns `expected`, or 0 for everything else: matches, codes of more than 12 bits, no halves, another size, damage. A general inflater then
   has to say what it is. Nothing is read or written outside the buffers, whatever the source holds. A checksum is the caller's to compare.
   Tests in Tests/ChunkCodecTests/LiteralInflateTests.swift; the benchmark is "inflating". */
size_t mirrorscope_inflate_literals(
    const uint8_t *source, size_t count, size_t block_size, uint8_t *target, size_t expected, size_t *consumed);

#endif
