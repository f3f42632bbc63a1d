#ifndef MIRRORSCOPE_LITERAL_DEFLATE_H
#define MIRRORSCOPE_LITERAL_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

/* Deflates (RFC 1951) with Huffman codes alone, no matches: the planes of shuffled floats hold no repeats worth finding, and looking for them
   takes most of a general compressor's time and makes the result larger.

     source      [count] bytes, count >= 1
     block_size  bytes that get a code of their own, >= 1; best a plane, or an even part of one
     target      [capacity] bytes

   A block that a code would not make smaller is stored. Returns the number of bytes written, or 0 where they would not fit; up to 32 bytes
   beyond what is written may be overwritten within the capacity. The independent checks are zlib and ISA-L, which inflate what it wrote, in
   Tests/HDF5Tests/ChunkCodecTests.swift; the benchmark is "recording". */
size_t mirrorscope_deflate_literals(const uint8_t *source, size_t count, size_t block_size, uint8_t *target, size_t capacity);

#endif
