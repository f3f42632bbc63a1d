"""Networks that play the Frog and Toad game, many games in lockstep, in numpy: the peer of `frogtoad games --partner self`.

Run: python games.py CHECKPOINT GAMES TURNS   (prints seconds and what was measured as JSON)
"""

import json
import sys
import time

import h5py
import numpy as np


class Games:
    def __init__(self, count, rng):
        self.rng, self.all = rng, np.arange(count)
        self.rough = np.zeros((count, 32), bool)
        self.fly = np.zeros((count, 32), bool)
        self.cell = np.tile([15, 16], (count, 1))
        self.energy = np.full((count, 2), 20)
        self.score = np.zeros((count, 2), int)
        self.last = np.zeros((count, 2), int)
        self.checks = np.zeros(count, int)
        self.owed = np.zeros(count, int)
        self.solid_owed = np.zeros(count, bool)

    def distress(self, who):
        return self.rough[self.all, self.cell[:, who]]

    def view(self, who):
        """The veiled states of one player, in Frog's part."""
        states = np.zeros((len(self.all), 100), np.float32)
        states[:, :32] = 1 + self.rough
        for player in (who, 1 - who):
            symbols = np.where(self.distress(player), 9, np.array([4 if player == who else 5, 6, 7, 8])[self.last[:, player]])
            states[self.all, 32 + self.cell[:, player]] = symbols
        states[:, 64:96] = 3 * self.fly
        states[:, 97] = np.maximum(self.energy[:, who], 0)
        return states

    def land(self, who, mask):
        self.energy[:, who] -= mask & self.distress(who)

    def leap(self, who, wanted):
        mask = wanted & (self.energy[:, who] > 0) & (self.cell[:, who] < 27)
        self.cell[mask, who] += 5
        self.energy[mask, who] -= 1
        self.last[mask, who] = 2
        self.land(who, mask)
        return mask

    def step(self, who, action):
        can = self.energy[:, who] > 0
        hop = (action == 0) & can & (self.cell[:, who] < 31)
        self.cell[hop, who] += 1
        self.score[hop, who] += 1
        self.last[hop, who] = 0
        self.land(who, hop)
        jump = action == 1
        self.last[jump, who] = 1
        caught = jump & self.fly[self.all, self.cell[:, who]]
        self.fly[caught, self.cell[caught, who]] = False
        self.energy[caught, who] = np.minimum(self.energy[caught, who] + 4, 20)
        leap = self.leap(who, action == 2)
        partner = 1 - who
        help_ = (action == 3) & can & (self.cell[:, partner] < 27)
        self.last[help_, who] = 3
        gives = help_ & (self.energy[:, partner] < 20)
        self.energy[gives, partner] = np.minimum(self.energy[gives, partner] + 2, 20)
        self.energy[gives, who] -= 1
        self.leap(partner, help_ & (self.rng.random(len(self.all)) < 0.25))
        self.scroll(hop | leap | help_)
        self.fly |= self.rng.random(self.fly.shape) < 0.01
        move = np.where(self.fly, self.rng.integers(0, 3, self.fly.shape), 3)
        left, stay, right = move == 0, move == 1, move == 2
        self.fly = stay
        self.fly[:, :-1] |= left[:, 1:]
        self.fly[:, 0] |= left[:, 0]
        self.fly[:, 1:] |= right[:, :-1]
        self.fly[:, -1] |= right[:, -1]
        return hop | jump | leap | help_, help_, leap

    def scroll(self, moved):
        self.checks += moved
        shift = np.where(moved, self.cell.sum(1) // 2 - 16, 0)
        rate = np.minimum(self.checks * 0.005, 0.075)
        for step in range(1, shift.max(initial=0) + 1):
            rows = np.flatnonzero(shift >= step)
            starts = (self.owed[rows] == 0) & ~self.solid_owed[rows] & (self.rng.random(len(rows)) < rate[rows])
            rough = starts | (self.owed[rows] > 0)
            solid = (self.owed[rows] == 0) & self.solid_owed[rows]
            self.owed[rows] = np.where(starts, self.rng.integers(0, 4, len(rows)), np.maximum(self.owed[rows] - 1, 0))
            self.solid_owed[rows] = (self.solid_owed[rows] & ~solid) | starts
            self.rough[rows, :-1] = self.rough[rows, 1:]
            self.rough[rows, -1] = rough
            self.fly[rows, :-1] = self.fly[rows, 1:]
            self.fly[rows, -1] = False
        for step in range(1, -shift.min(initial=0) + 1):
            rows = np.flatnonzero(shift <= -step)
            for strip in (self.rough, self.fly):
                strip[rows, 1:] = strip[rows, :-1]
                strip[rows, 0] = False
            self.owed[rows], self.solid_owed[rows] = 0, True
        self.cell = np.clip(self.cell - shift[:, None], 0, 31)


def read(path):
    with h5py.File(path) as file:
        layers = sorted(file["layers"].values(), key=lambda layer: layer.attrs["layer_index"])
        return [(layer["kernel"][()], layer["bias"][()]) for layer in layers]


def choose(network, states):
    for kernel, bias in network[:-1]:
        states = np.maximum(states @ kernel + bias, 0)
    return (states @ network[-1][0] + network[-1][1]).argmax(1)


def play(network, count, turns):
    games = Games(count, np.random.default_rng(1))
    sums = dict.fromkeys(("energy_frog", "distress_frog", "distress_toad", "helps", "stalls"), 0)
    for _ in range(turns):
        sums["energy_frog"] += games.energy[:, 0].sum()
        sums["distress_frog"] += games.distress(0).sum()
        sums["distress_toad"] += games.distress(1).sum()
        moved, helped, _ = games.step(0, choose(network, games.view(0)))
        sums["helps"] += 1000 * helped.sum()
        sums["stalls"] += (~moved).sum()
        games.step(1, choose(network, games.view(1)))
    measured = {name: float(value / count / turns) for name, value in sums.items()}
    return measured | {"score_frog": float(games.score[:, 0].mean()), "score_toad": float(games.score[:, 1].mean())}


network, count, turns = read(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
start = time.perf_counter()
measured = play(network, count, turns)
print(json.dumps({"seconds": time.perf_counter() - start, "turns": count * turns} | measured))
