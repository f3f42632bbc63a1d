"""Lets the disk fill up while a command writes: what its sentence promises can be had back, and nothing wrong is under a final name.

Run as root, in a mount namespace of its own: unshare -m python disks.py PROGRAMS COUNT   (PROGRAMS is the folder that they are in)

Half of the disks are tmpfs, half are ext4 in an image that is mounted through a loop device; sizes are drawn with a fixed seed. Four of six
runs are of record, one is of generate and one of train. After record a new process recovers from the partial file: as many rows as the
sentence named, or more, each as an uninterrupted recording has it. A training is copied to where there is room and gone on with.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile

from common import Programs, Tally, contents, differences, must, promised_rows, run, same_file

programs, count = Programs(sys.argv[1]), int(sys.argv[2])
tally = Tally()
random.seed("full disks")
folder = tempfile.mkdtemp(prefix="disks-")
disk, image = os.path.join(folder, "disk"), os.path.join(folder, "image")

RECORD = "frogtoad record net/epoch-001.h5 --states s.h5 --split train -o {}/r.h5 --quiet"
GENERATE = "frogtoad generate --states 600000 --seed 1 -o {}/g.h5 --quiet"
TRAIN = "frogtoad train s2.h5 --hidden 60,60 --epochs 20 --patience 20 --learning-rate 3e-4 --balance sqrt -o {}/n --quiet"


def mount(kind, kilobytes):
    if kind == "tmpfs":
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk], check=True)
    else:
        subprocess.run(["fallocate", "-l", f"{kilobytes}k", image], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, disk], check=True)


def unmount():
    subprocess.run(["umount", disk], check=True)
    if os.path.exists(image):
        os.remove(image)


def record(ended):
    if os.path.exists(f"{disk}/r.h5"):
        if ended.code != 0 or not same_file(f"{disk}/r.h5", recording):
            tally.fail("record: wrong file under its final name", ended.code, ended.errors)
        return "there was room"
    promised = promised_rows(ended.errors)
    if ended.code != 1 or not ended.is_sentence:
        tally.fail("record: no sentence", ended.code, ended.errors)
    partial = f"{disk}/r.h5.partial"
    if promised is None:
        if os.path.exists(partial):
            tally.fail("record: a partial file without a promise", ended.errors)
        return "not begun"
    back = run(programs.words(["mirrorscope", "recover", partial, "-o", "back.h5"]), folder)
    rows = 0
    if back.code == 0:
        rows = len(contents(f"{folder}/back.h5")["phase"])
        wrong = differences(f"{folder}/back.h5", recording, rows)
        if wrong:
            tally.fail("record: rows differ", rows, wrong)
        if run(programs.words("mirrorscope validate back.h5"), folder).code != 0:
            tally.fail("record: recovered and not valid", rows)
        os.remove(f"{folder}/back.h5")
    elif back.code not in (2, 3) or not back.is_sentence:
        tally.fail("record: recover ends with", back.code, back.errors)
    if rows < promised:
        tally.fail("record: fewer rows than promised", promised, rows, back.errors)
    return "as many rows as promised" + (", 0" if rows == 0 else "") if rows == promised else "more rows than promised"


def generate(ended):
    if os.path.exists(f"{disk}/g.h5"):
        if ended.code != 0 or not same_file(f"{disk}/g.h5", states):
            tally.fail("generate: wrong file under its final name", ended.code, ended.errors)
        return "there was room"
    if ended.code != 1 or not ended.is_sentence:
        tally.fail("generate: no sentence", ended.code, ended.errors)
    if os.path.exists(f"{disk}/g.h5.partial"):
        tally.fail("generate: a partial file is left", ended.errors)
    return "refused, nothing left"


def train(ended):
    if ended.code != 0 and (ended.code != 1 or not ended.is_sentence):
        tally.fail("train: no sentence", ended.code, ended.errors)
    where = os.path.join(folder, "n")
    if os.path.exists(f"{disk}/n"):
        for name in os.listdir(f"{disk}/n"):
            if name.startswith("epoch-") and name.endswith(".h5") and not same_file(f"{disk}/n/{name}", training[name]):
                tally.fail("train: corrupt file under its final name", name)
        shutil.copytree(f"{disk}/n", where)
    again = run(programs.words(TRAIN.format(folder)) + ["--resume"], folder)
    if again.code != 0:
        tally.fail("train: --resume", again.code, again.errors)
    elif any(not same_file(f"{where}/{name}", training[name]) for name in training) or len(os.listdir(where)) != len(training) + 1:
        tally.fail("train: other weights after --resume", sorted(os.listdir(where)))
    shutil.rmtree(where, ignore_errors=True)
    return "there was room" if ended.code == 0 else "refused; gone on with elsewhere, equal"


KINDS = [("record", RECORD, record)] * 4 + [("generate", GENERATE, generate), ("train", TRAIN, train)]
os.mkdir(disk)
try:
    must(programs.words("frogtoad generate --states 600000 --seed 1 -o s.h5"), folder)
    states = contents(f"{folder}/s.h5")
    must(programs.words("frogtoad generate --states 40000 --seed 1 -o s2.h5"), folder)
    must(programs.words("frogtoad train s.h5 --hidden 17,17 --epochs 1 -o net"), folder)
    must(programs.words(RECORD.format(folder)), folder)
    recording = contents(f"{folder}/r.h5")
    must(programs.words(TRAIN.format(folder)), folder)
    training = {name: contents(f"{folder}/n/{name}") for name in os.listdir(f"{folder}/n") if name.endswith(".h5")}
    sizes = {"record": os.path.getsize(f"{folder}/r.h5"), "generate": os.path.getsize(f"{folder}/s.h5"),
             "train": sum(os.path.getsize(f"{folder}/n/{name}") for name in training)}
    os.remove(f"{folder}/r.h5")
    shutil.rmtree(f"{folder}/n")
    print({name: f"{size // 1024} kB" for name, size in sizes.items()}, flush=True)
    for index in range(count):
        kind = "tmpfs" if index < count // 2 else "ext4"
        what, line, look = KINDS[index % len(KINDS)]
        kilobytes = max(300 if kind == "ext4" else 40, int(random.uniform(0.005, 1.1) * sizes[what] / 1024))
        mount(kind, kilobytes)
        try:
            tally.add(f"{what} on {kind}: {look(run(programs.words(line.format(disk)), folder))}")
        finally:
            unmount()
finally:
    shutil.rmtree(folder)
print(count, "disks")
tally.report()
