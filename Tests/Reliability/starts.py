"""Starts the same command twice, the second at a random moment: one wins, or one follows the other, and the file is whole.

Run: python starts.py PROGRAMS COUNT   (PROGRAMS is the folder that they are in)

Four of six pairs are record, one is generate and one is train; every second pair has --force, so that both may end well. Who loses says why
in one sentence with exit code 1. At the end there is one whole file, equal to that of a single start, and no partial file.
"""

import os
import random
import shutil
import sys
import tempfile
import time

from common import Programs, Tally, contents, must, same_file, start

programs, count = Programs(sys.argv[1]), int(sys.argv[2])
tally = Tally()
random.seed("double starts")
folder = tempfile.mkdtemp(prefix="starts-")

LINES = {
    "record": "frogtoad record net/epoch-001.h5 --states s.h5 --split train -o out/r.h5 --quiet",
    "generate": "frogtoad generate --states 400000 --seed 1 -o out/g.h5 --quiet",
    "train": "frogtoad train s2.h5 --hidden 17,17 --epochs 30 --patience 30 --learning-rate 3e-4 --balance sqrt -o out --quiet",
}


def fresh():
    shutil.rmtree(f"{folder}/out", ignore_errors=True)
    os.mkdir(f"{folder}/out")


def begin(line):
    errors = tempfile.TemporaryFile()
    return start(line, folder, errors=errors), errors


def end(process, errors):
    code = process.wait(timeout=60)
    errors.seek(0)
    return code, errors.read().decode()


def pair(what, force):
    fresh()
    line = programs.words(LINES[what]) + (["--force"] if force else [])
    first = begin(line)
    time.sleep(random.uniform(0, 1.15 * seconds[what]))
    was_over = first[0].poll() is not None
    second = begin(line)
    ended = [end(*first), end(*second)]
    codes = [code for code, _ in ended]
    for code, errors in ended:
        lines = errors.strip().split("\n")
        if code not in (0, 1) or (code == 1 and not (len(lines) == 1 and lines[0].startswith("error: "))):
            tally.fail(f"{what}: ends with", code, errors)
    left = sorted(os.listdir(f"{folder}/out"))
    if 0 not in codes:
        tally.fail(f"{what}: neither ended well", ended)
    elif not all(name in left and same_file(f"{folder}/out/{name}", file) for name, file in references[what].items()):
        tally.fail(f"{what}: corrupt or missing file", codes, left)
    elif any(name.endswith(".partial") for name in left):
        tally.fail(f"{what}: partial file left", codes, left)
    after = "after" if was_over else "during"
    tally.add(f"{what}{' --force' if force else ''}: second {after} the first, exit codes {codes[0]} and {codes[1]}")


try:
    must(programs.words("frogtoad generate --states 400000 --seed 1 -o s.h5"), folder)
    must(programs.words("frogtoad generate --states 60000 --seed 1 -o s2.h5"), folder)
    must(programs.words("frogtoad train s.h5 --hidden 17,17 --epochs 1 -o net"), folder)
    seconds, references = {}, {}
    for what, line in LINES.items():
        fresh()
        seconds[what] = must(programs.words(line), folder).seconds
        references[what] = {name: contents(f"{folder}/out/{name}") for name in os.listdir(f"{folder}/out") if name.endswith(".h5")}
    print({what: f"{value:.1f} s" for what, value in seconds.items()}, flush=True)
    kinds = ["record"] * 4 + ["generate", "train"]
    for index in range(count):
        pair(kinds[index % 6], index // 6 % 2 == 1)
finally:
    shutil.rmtree(folder)
print(count, "pairs")
tally.report()
