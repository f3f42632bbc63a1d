"""The Frog and Toad game in plain Python, labelled and de-duplicated: the peer of `frogtoad generate`.

Run: python game.py STATES   (prints seconds as JSON)
"""

import json
import random
import sys
import time

ENERGY = [0] * 50 + [1] * 6 + [2] * 6 + [4] * 6 + [6] * 6 + [8] * 5 + [10] * 5 + [12] * 5 + [14] * 3 + [16] * 3 + [18] * 3


class World:
    def __init__(self, rng):
        self.rng = rng
        self.rough = [False] * 32
        self.fly = [False] * 32
        self.cell = [15, 16]
        self.energy = [20, 20]
        self.last = [0, 0]
        self.rate = 0.0
        self.pending = []

    def land(self, who):
        if self.rough[self.cell[who]]:
            self.energy[who] -= 1

    def leap(self, who):
        if self.energy[who] > 0 and self.cell[who] + 5 < 32:
            self.cell[who] += 5
            self.energy[who] -= 1
            self.land(who)

    def step(self, who, action):
        rng = self.rng
        moved = False
        if action == 1:
            if self.fly[self.cell[who]]:
                self.fly[self.cell[who]] = False
                self.energy[who] = min(20, self.energy[who] + 4)
            self.last[who] = 1
        elif self.energy[who] > 0:
            self.last[who] = action
            moved = True
            if action == 0 and self.cell[who] + 1 < 32:
                self.cell[who] += 1
                self.land(who)
            elif action == 2:
                self.leap(who)
            elif action == 3 and self.cell[1 - who] + 5 < 32:
                if self.energy[1 - who] < 20:
                    self.energy[1 - who] = min(20, self.energy[1 - who] + 2)
                    self.energy[who] -= 1
                if rng.random() < 0.25:
                    self.leap(1 - who)
        flies = [False] * 32
        for cell in range(32):
            if self.fly[cell] or rng.random() < 0.01:
                flies[max(0, min(31, cell + rng.choice((-1, 0, 1))))] = True
        self.fly = flies
        if moved:
            self.scroll()

    def scroll(self):
        shift = sum(self.cell) // 2 - 16
        self.rate = min(0.075, self.rate + 0.005)
        for _ in range(max(0, shift)):
            if not self.pending and self.rng.random() < self.rate:
                self.pending = [False] + [True] * self.rng.randint(1, 4)
            self.rough = self.rough[1:] + [self.pending.pop() if self.pending else False]
        if shift < 0:
            self.rough = [False] * -shift + self.rough[:shift]
        self.cell = [max(0, min(31, c - shift)) for c in self.cell]

    def state(self):
        players = [0] * 32
        for who in (0, 1):
            distress = self.rough[self.cell[who]]
            players[self.cell[who]] = 9 if distress else (4 + who, 6, 7, 8)[self.last[who]]
        energy = self.rng.choice(ENERGY)
        return tuple([2 if r else 1 for r in self.rough] + players + [0] * 32 + [players[self.cell[0]], energy, 0, self.cell[0]])

    def label(self, state):
        frog = self.cell[0]
        if state[97] <= 0:
            return 1
        if frog == 31:
            return 3
        if frog >= 26 and not self.rough[frog] and self.rough[self.cell[1]]:
            return 3
        if not self.rough[frog + 1]:
            return 0
        return 2 if frog + 5 < 31 else 0


def generate(count):
    rng = random.Random(1)
    seen = {}
    while len(seen) < count:
        world = World(rng)
        for _ in range(1000):
            for who in (0, 1):
                world.step(who, rng.choice((0, 0, 0, 0, 1, 1, 2, 3)))
            state = world.state()
            seen[state] = world.label(state)
    return seen


count = int(sys.argv[1])
start = time.perf_counter()
generate(count)
print(json.dumps({"seconds": time.perf_counter() - start, "rows": count}))
