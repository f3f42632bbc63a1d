"""Flips single bytes of a file, one at a time, and runs programs on each: none may crash, hang, or end well with another answer.

Run: python flips.py PROGRAMS FILE SEED COUNT COMMAND...   (PROGRAMS is the folder that they are in)

A COMMAND is one argument, with FILE for the file: "mirrorscope stats FILE", "frogtoad inspect FILE". FILE is copied to a scratch folder under
one name, so that answers can be compared. Prints what came of the flips of each command, then every flip that went wrong; exit code 1 if any.
Answers of validate and inspect are compared too: damage that nothing reads is no fault, damage that changes an answer is.
"""

import collections
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

programs, original, seed, count, *commands = sys.argv[1:]
data = open(original, "rb").read()
random.seed(int(seed))
flips = [(random.randrange(len(data)), random.randrange(1, 256)) for _ in range(int(count))]


def run(command, folder):
    words = [word.replace("FILE", os.path.basename(original)) for word in shlex.split(command)]
    words[0] = os.path.join(os.path.abspath(programs), words[0])
    for name in os.listdir(folder):
        if name != os.path.basename(original):
            path = os.path.join(folder, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    try:
        ended = subprocess.run(words, cwd=folder, capture_output=True, timeout=10, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "hang", b""
    return ended.returncode, ended.stdout


def one(flip):
    with tempfile.TemporaryDirectory() as folder:
        bytes_ = bytearray(data)
        if flip is not None:
            bytes_[flip[0]] ^= flip[1]
        with open(os.path.join(folder, os.path.basename(original)), "wb") as file:
            file.write(bytes_)
        return [run(command, folder) for command in commands]


whole = one(None)
for command, (code, _) in zip(commands, whole):
    assert code == 0, (command, code)
counts, wrong = collections.Counter(), []
with ThreadPoolExecutor(2) as threads:
    for flip, results in zip(flips, threads.map(one, flips)):
        for command, (code, output), (_, answer) in zip(commands, results, whole):
            if code == "hang":
                kind = "HANG"
            elif code < 0:
                kind = f"CRASH by signal {-code}"
            elif code == 0:
                kind = "same answer" if output == answer else "OTHER ANSWER"
            else:
                kind = f"refused with {code}"
            counts[command, kind] += 1
            if kind.isupper() or kind.startswith("CRASH"):
                wrong.append((flip, command, kind))
for (command, kind), number in sorted(counts.items()):
    print(f"{command}: {kind} {number}")
for entry in wrong:
    print("wrong:", *entry)
sys.exit(1 if wrong else 0)
