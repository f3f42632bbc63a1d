"""Flips one byte of a file, or cuts it off, and runs a command that reads it: it may not crash, hang, or end well with another answer.

Run: python flips.py PROGRAMS FLIPS TRUNCATIONS [KERAS.h5]   (PROGRAMS is the folder that they are in)

The files are a recording, a states file, a checkpoint and a training state, made here, and a Keras file (Tests/Fixtures/DenseNetwork unless
another is named). FLIPS and TRUNCATIONS are shared out among them; each run has one flip and one command, chosen with a fixed seed. The
answer is what the command writes: standard output, and the data sets of the files that it makes. A Keras file has no checksums: another
answer is counted apart there. A hang is 10 seconds of processor time, or 60 on the clock, as a busy machine makes one wait. Prints the
counts by file and damage, the runs of each command, and every run that went wrong.
"""

import os
import random
import shutil
import sys
import tempfile

from common import Programs, Tally, contents, in_parallel, must, run

programs, flips, truncations = Programs(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
fixtures = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Fixtures", "DenseNetwork")
keras = sys.argv[4] if len(sys.argv) > 4 else os.path.join(fixtures, "keras_1x10_epoch04.h5")

TRAIN = "frogtoad train s.h5 --hidden 6,6 --learning-rate 1e-3 -o net --epochs"
RECORD = "frogtoad record net/epoch-001.h5 --states s.h5 -o out.h5"
PLAY = "frogtoad play --turns 20 --delay 0 --seed 1 --checkpoint"
COMMANDS = {
    "r.h5": [
        "mirrorscope inspect r.h5", "mirrorscope validate r.h5", "mirrorscope stats r.h5", "mirrorscope cmni r.h5 --permutations 10",
        "mirrorscope units r.h5 --permutations 20", "mirrorscope divergence r.h5", "mirrorscope correlate r.h5",
        "mirrorscope similarity r.h5 --permutations 5", "mirrorscope ablate r.h5 --top 1 --controls 10 --bootstrap 10",
        "mirrorscope circuit r.h5", "mirrorscope decode r.h5 --permutations 5", "mirrorscope audit r.h5",
    ],
    "s.h5": ["frogtoad inspect s.h5", RECORD, TRAIN + " 2 --force"],
    "net/epoch-001.h5": [RECORD, f"{PLAY} net/epoch-001.h5"],
    "net/state.h5": [TRAIN + " 3 --resume"],
    "k.h5": ["frogtoad record k.h5 --states s.h5 -o out.h5", f"{PLAY} k.h5"],
}


def prepare(folder):
    for line in ("frogtoad generate --states 3000 --test 300 --seed 1 -o s.h5", TRAIN + " 2",
                 "frogtoad record net/epoch-001.h5 --states s.h5 -o r.h5"):
        must(programs.words(line), folder)
    shutil.copy(keras, os.path.join(folder, "k.h5"))


def answer(ended, folder, trains):
    made = [ended.output]
    for at, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(at, name)
            if name == "out.h5" or (trains and at.endswith("net") and name.startswith("epoch-")):
                found = contents(path)
                # What is kept of where it comes from is no number, and changes with each byte of an input.
                made += [(os.path.relpath(path, folder), key, found[key].tobytes()) for key in sorted(found) if "sha256" not in key]
            elif trains and name == "training.csv":
                made.append(open(path, "rb").read())
    return made


def one(name, damaged, line, whole):
    """Runs a command in a fresh folder, the damaged bytes in place of the file."""
    with tempfile.TemporaryDirectory(prefix="flips-") as parent:
        folder = os.path.join(parent, "at")
        shutil.copytree(whole, folder)
        if damaged is not None:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(damaged)
        ended = run(programs.words(line + ("" if " play " in line else " --quiet")), folder, 60, 4_000_000_000)
        try:
            return ended, answer(ended, folder, " train " in line) if ended.code == 0 else None
        except (OSError, RuntimeError) as error:
            return ended, f"output cannot be read: {error}"


def trial(task):
    name, kind, position, change, line = task
    data = originals[name]
    damaged = data[:position] if kind == "cut" else data[:position] + bytes([data[position] ^ change]) + data[position + 1:]
    ended, found = one(name, damaged, line, whole)
    what, facts = f"{name}, {kind}", (position, change, line, ended.errors[:200])
    command = line.split()[1]
    tally.add(f"{what}: runs")
    runs_of[command] = runs_of.get(command, 0) + 1
    if ended.code == "hang" or ended.processor > 10:
        tally.fail(f"{what}: hang", *facts)
    elif ended.crashed:
        tally.fail(f"{what}: ended by a signal", ended.code, *facts)
    elif ended.code == 0 and found == answers[line]:
        tally.add(f"{what}: same answer")
    elif ended.code == 0 and name == "k.h5":
        tally.add(f"{what}: OTHER ANSWER, of a file without checksums")
    elif ended.code == 0:
        tally.fail(f"{what}: other answer with exit 0", *facts)
    elif ended.code in (1, 2, 3) and (ended.is_sentence or command == "validate"):
        tally.add(f"{what}: refused")
    else:
        tally.fail(f"{what}: refused without one sentence", ended.code, *facts)


tally, runs_of = Tally(), {}
random.seed("flips and cuts")
whole = tempfile.mkdtemp(prefix="whole-")
try:
    prepare(whole)
    originals = {name: open(os.path.join(whole, name), "rb").read() for name in COMMANDS}
    answers = {}
    for name, lines in COMMANDS.items():
        print(f"{name}: {len(originals[name])} bytes")
        for line in lines:
            ended, answers[line] = one(name, None, line, whole)
            assert ended.code == 0 and one(name, None, line, whole)[1] == answers[line], (line, ended.code, ended.errors)
    sizes = {"r.h5": 0.4, "s.h5": 0.15, "net/epoch-001.h5": 0.15, "net/state.h5": 0.15, "k.h5": 0.15}
    tasks = [
        (name, kind, random.randrange(len(originals[name])), random.randrange(1, 256), random.choice(COMMANDS[name]))
        for kind, count in (("flip", flips), ("cut", truncations)) for name in COMMANDS for _ in range(round(count * sizes[name]))
    ]
    random.shuffle(tasks)
    in_parallel(trial, tasks)
finally:
    shutil.rmtree(whole)
print("runs by command:", ", ".join(f"{command} {count}" for command, count in sorted(runs_of.items())))
tally.report()
