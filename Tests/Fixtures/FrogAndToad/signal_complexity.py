"""Writes signal_complexity.json: bits a board under a Lempel-Ziv code (1978), straight from its definition, of boards drawn here.

Run by hand: python3 signal_complexity.py
"""

import json
import math
import random


def bits(lines):
    """Of one row of cells over all boards: every phrase is the longest known one and the next cell, if the row has one."""
    known, total, count = {()}, 0.0, 0
    symbols = {cell for line in lines for cell in line}
    for line in lines:
        start = 0
        while start < len(line):
            end = start
            while end < len(line) and tuple(line[start : end + 1]) in known:
                end += 1
            count += 1
            total += math.log2(count)
            if end < len(line):
                known.add(tuple(line[start : end + 1]))
                total += math.log2(len(symbols))
            start = end + 1
    return total


random.seed(1)
patterns = [[random.choice([0, 0, 0, 3]) for _ in range(32)] for _ in range(4)]
states = []
for _ in range(60):
    ground = [random.choice([1, 1, 1, 2]) for _ in range(32)]
    players = [0] * 32
    players[random.randrange(32)], players[random.randrange(32)] = 4, random.choice([5, 9])
    states.append(ground + players + random.choice(patterns) + [0, random.randrange(20), 0, 0])
# Two boards come twice, with other energies: they count once.
states += [states[3][:96] + [0, 1, 0, 0], states[7][:96] + [0, 2, 0, 0]]
boards = [state[:96] for state in states[:60]]
value = sum(bits([board[32 * row : 32 * row + 32] for board in boards]) for row in range(3)) / len(boards)
json.dump({"states": states, "boards": len(boards), "bits_per_board": value}, open("signal_complexity.json", "w"))
