"""Prints the first numbers of RandomStream(seed, purpose, index) from an independent reading of its definition:
FNV-1a of the purpose, SplitMix64 (Steele, Lea, Flood 2014), xoshiro256++ (Blackman, Vigna 2019).

Run: python random_stream.py   and compare with RandomStreamTests.swift
"""

from itertools import islice

M = (1 << 64) - 1


def splitmix(state):
    state = (state + 0x9E3779B97F4A7C15) & M
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
    return state, z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) | (x >> (64 - k))) & M


def numbers(seed, purpose, index):
    h = 0xCBF29CE484222325
    for b in purpose.encode():
        h = ((h ^ b) * 0x100000001B3) & M
    _, z = splitmix(seed)
    _, z = splitmix(z ^ h)
    state = z ^ index
    s = []
    for _ in range(4):
        state, z = splitmix(state)
        s.append(z)
    while True:
        yield (rotl((s[0] + s[3]) & M, 23) + s[0]) & M
        t = (s[1] << 17) & M
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


if __name__ == "__main__":
    for arguments in [(1, "episode", 0), (1, "episode", 1), (2, "dropout", 0)]:
        print(arguments, list(islice(numbers(*arguments), 3)))
