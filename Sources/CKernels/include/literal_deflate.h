#ifndef MIRRORSCOPE_LITERAL_DEFLATE_H
#define MIRRORSCOPE_LITERAL_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

/* Deflates (RFC 1951) with Huffman codes alone, no matches: the planes of shuffled floats hold no repeats worth finding, and looking for them
   takes most of a general compressor's time and makes the result larger.

     source      [count] bytes, count >= 1
     block_size  bytes that get a code of their own, >= 1; best a plane, or an even part of one
     target      [capacity] bytes

   After `mirrorscope_literal_split` bytes stands an empty stored block, which inflaters pass over: it ends at a whole byte, and what follows
   can be decoded without what is before. A block that a code would not make smaller is stored. Returns the number of bytes written, or 0 where
   they would not fit; up to 32 bytes beyond what is written may be overwritten within the capacity. The independent checks are zlib and
   ISA-L, which inflate what it wrote, in Tests/ChunkCodecTests/ChunkCodecTests.swift; the benchmark is "recording". */
size_t mirrorscope_deflate_literals(const uint8_t *source, size_t count, size_t block_size, uint8_t *target, size_t capacity);

/* The bytes before the empty stored block: the blocks of the first half. 0 where there is none, since there are few bytes or one block. */
size_t mirrorscope_literal_split(size_t count, size_t block_size);

#endif
