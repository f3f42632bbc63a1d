"""Ends commands from outside, by signals and by outputs that take nothing: each has to end at once, say so, and leave nothing unsaid.

Run: python outputs.py PROGRAMS ROUNDS   (PROGRAMS is the folder that they are in)

signals: INT, TERM, HUP and two INTs, each ROUNDS times at a seeded moment after the command has begun its partial file, to commands that
         would go on for seconds. Exit code 130, 143 or 129 within 5 seconds; a partial file is gone, or named by the last line.
pipes:   standard output is a pipe whose reader is gone: no crash, no trace, at most a sentence.
full:    standard output is /dev/full, and then closed: exit code 1 and one sentence that begins with "error: ".
"""

import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from common import Programs, Tally, must, start

programs, rounds = Programs(sys.argv[1]), int(sys.argv[2])
tally = Tally()
random.seed("signals and outputs")
folder = tempfile.mkdtemp(prefix="outputs-")

LONG = [
    "mirrorscope cmni r.h5 --permutations 1000000 -o o/t.csv", "mirrorscope units r.h5 --permutations 1000000 -o o/t.csv",
    "mirrorscope decode r.h5 --permutations 100000 -o o/t.csv", "mirrorscope similarity r.h5 --permutations 1000000 -o o/t.csv",
    "frogtoad generate --states 9000000 -o o/g.h5", "frogtoad record net/epoch-001.h5 --states s.h5 --split train -o o/r.h5",
    "frogtoad record net --states s.h5 --split train -o o/r", "frogtoad run --preset paper -o o/run",
    "frogtoad train s.h5 --hidden 40,40 --epochs 500 --patience 500 --learning-rate 1e-4 -o o/n",
    "mirrorscope recover k.h5.partial -o o/back.h5",
]
SHORT = [
    *(f"mirrorscope {name} r.h5" for name in (
        "inspect", "validate", "stats", "cmni", "units", "divergence", "correlate", "similarity", "ablate", "circuit", "decode", "audit")),
    "mirrorscope --help", "frogtoad inspect s2.h5", "frogtoad play --turns 300 --delay 0", "frogtoad run --preset quick -o o/run",
]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def fresh():
    shutil.rmtree(f"{folder}/o", ignore_errors=True)
    os.mkdir(f"{folder}/o")


def files():
    return [path for path in glob.glob(f"{folder}/o/**", recursive=True) if os.path.isfile(path)]


def interrupt(line, number, twice):
    fresh()
    command = " ".join(line.split()[:2])
    with tempfile.TemporaryFile() as errors:
        process = start(programs.words(line + " --quiet"), folder, errors=errors)
        begin = time.monotonic()
        while process.poll() is None and not files() and time.monotonic() < begin + 20:
            time.sleep(0.002)
        time.sleep(random.uniform(0.1, 0.6))
        if process.poll() is not None:
            tally.add("had ended before the signal")
            return
        begin = time.monotonic()
        process.send_signal(number)
        if twice:
            time.sleep(0.02)
            process.send_signal(number)
        try:
            code = process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            code = "hang"
        elapsed = time.monotonic() - begin
        errors.seek(0)
        said = errors.read().decode()
    facts = (command, number.name, code, f"{elapsed:.1f} s", said[-200:])
    partial = [os.path.relpath(path, folder) for path in files() if ".partial" in path or ".recovering" in path]
    if code == 0:
        tally.add("had ended before the signal")
    elif code != CODES[number]:
        tally.fail("other exit code", *facts)
    elif elapsed > 5:
        tally.fail("not at once", *facts)
    elif not said.strip().split("\n")[-1].startswith("error: Interrupted"):
        tally.fail("no sentence", *facts)
    elif any(name not in said for name in partial):
        tally.fail("partial file left without a word", partial, *facts)
    else:
        left = "partial file announced" if partial else "nothing unfinished left"
        tally.add(f"{number.name}{' twice' if twice else ''}: ended at once, {left}")


def output(line, kind):
    fresh()
    words = programs.words(line)
    if kind == "closed":
        words = ["sh", "-c", 'exec "$@" >&-', "sh", *words]
    reading, writing = os.pipe()
    os.close(reading)
    target = open("/dev/full", "wb") if kind == "/dev/full" else writing
    ended = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=target, stderr=subprocess.PIPE, timeout=300)
    os.close(writing)
    said = [text for text in ended.stderr.decode().split("\n") if text]
    sentences = [text for text in said if text.startswith("error: ")]
    facts = (line, ended.returncode, said)
    if kind == "pipe":
        if ended.returncode not in (0, 1, -signal.SIGPIPE) or len(sentences) > 1 or any("Fatal" in text for text in said):
            tally.fail("pipe without a reader", *facts)
        else:
            tally.add("pipe without a reader: ended quietly")
    elif ended.returncode != 1 or len(sentences) != 1:
        tally.fail(f"standard output {kind}: no sentence", *facts)
    else:
        tally.add(f"standard output {kind}: a sentence, exit code 1")


try:
    must(programs.words("frogtoad generate --states 2000000 --seed 1 -o s.h5"), folder)
    must(programs.words("frogtoad generate --states 20000 --seed 1 -o s2.h5"), folder)
    must(programs.words("frogtoad train s2.h5 --hidden 9,9 --epochs 1 -o net"), folder)
    must(programs.words("frogtoad record net/epoch-001.h5 --states s2.h5 -o r.h5"), folder)
    process = start(programs.words("frogtoad record net/epoch-001.h5 --states s.h5 --split train -o k.h5 --quiet"), folder)
    while not os.path.exists(f"{folder}/k.h5.partial") or os.path.getsize(f"{folder}/k.h5.partial") < 20_000_000:
        time.sleep(0.002)
    process.kill()
    process.wait()
    for line in LONG:
        for number in CODES:
            for _ in range(rounds):
                interrupt(line, number, False)
        for _ in range(rounds):
            interrupt(line, signal.SIGINT, True)
    for line in SHORT:
        for kind in ("pipe", "/dev/full", "closed"):
            output(line, kind)
finally:
    shutil.rmtree(folder)
tally.report()
