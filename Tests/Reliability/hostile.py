"""Gives every file of a folder to every command that reads files, under limits: none may crash, take 20 seconds of processor time or 400 MB.

Run: python hostile.py PROGRAMS FOLDER [NAME...]   (PROGRAMS is the folder that they are in; NAME: only files with that in their names)

The 13 commands of mirrorscope get each file as a recording (recover as one that was not finished, where h5py can set that), and frogtoad
gets it as states and as a checkpoint. Address space is limited to 4,000,000 kB and rows to --max-memory 200M. A refusal must be one
sentence. Memory is the largest resident size of the program and the processes that it waited for. Prints counts and what went wrong, with
the largest time and memory of each command.
"""

import os
import shutil
import sys
import tempfile

import h5py

from common import Programs, Tally, in_parallel, must, run

programs, hostile, only = Programs(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
COMMANDS = {
    **{name: f"mirrorscope {name} FILE" for name in ("inspect", "validate", "stats", "divergence", "correlate", "circuit", "audit")},
    "cmni": "mirrorscope cmni FILE --permutations 20",
    "units": "mirrorscope units FILE --permutations 50",
    "similarity": "mirrorscope similarity FILE --permutations 5",
    "ablate": "mirrorscope ablate FILE --top 2 --controls 20 --bootstrap 20",
    # Of ten halves each is as much work, and 10,000 layers are 10,000 times the work of one.
    "decode": "mirrorscope decode FILE --permutations 20 --halves 1",
    "recover": "mirrorscope recover x.h5.partial -o back.h5",
    "frogtoad inspect": "frogtoad inspect FILE",
    "frogtoad record, states": "frogtoad record net/epoch-001.h5 --states FILE -o back.h5",
    "frogtoad record, checkpoint": "frogtoad record FILE --states s.h5 -o back.h5",
    "frogtoad train": "frogtoad train FILE --hidden 4 --epochs 1 -o trained",
}


def unfinished(name, folder):
    path = os.path.join(folder, "x.h5.partial")
    if os.path.isdir(os.path.join(hostile, name)):
        shutil.copytree(os.path.join(hostile, name), path)
        return
    shutil.copy(os.path.join(hostile, name), path)
    try:
        with h5py.File(path, "r+") as file:
            if not name.startswith("attr_complete"):
                file.attrs["complete"] = 0
    except Exception:
        tally.add("recover gets the file as it is: h5py cannot open it")


def trial(task):
    name, command = task
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        for made in ("s.h5", "net"):
            os.symlink(os.path.join(base, made), os.path.join(folder, made))
        if command == "recover":
            unfinished(name, folder)
        words = [word.replace("FILE", os.path.join(hostile, name)) for word in COMMANDS[command].split()]
        ended = run(programs.words(words) + ["--quiet", "--max-memory", "200M"], folder, 100, 4_096_000_000)
        facts = (name, command, ended.code, f"{ended.processor:.1f} s", f"{ended.kilobytes // 1000} MB", ended.errors[:200])
        tally.add("runs of mirrorscope" if COMMANDS[command].startswith("m") else "runs of frogtoad")
        if ended.code == "hang":
            tally.fail("not done after 100 seconds", *facts)
        elif ended.crashed:
            tally.fail("ended by a signal", *facts)
        elif ended.code in (1, 2, 3, 64) and command != "validate" and not ended.is_sentence:
            tally.fail("refused without one sentence", *facts)
        else:
            tally.add(f"exit code {ended.code}")
        if ended.processor > 20:
            tally.fail("over 20 seconds of processor time", *facts)
        if ended.kilobytes > 400_000:
            tally.fail("over 400 MB", *facts)
        seconds, kilobytes = most.get(command, ((0, ""), (0, "")))
        most[command] = (max(seconds, (ended.processor, name)), max(kilobytes, (ended.kilobytes, name)))


tally, most = Tally(), {}
base = tempfile.mkdtemp(prefix="hostile-base-")
try:
    must(programs.words("frogtoad generate --states 3000 --test 300 -o s.h5"), base)
    must(programs.words("frogtoad train s.h5 --hidden 4 --epochs 1 -o net"), base)
    names = sorted(name for name in os.listdir(hostile) if not only or any(part in name for part in only))
    in_parallel(trial, [(name, command) for name in names for command in COMMANDS])
finally:
    shutil.rmtree(base)
for command, ((seconds, slow), (kilobytes, large)) in most.items():
    print(f"{command}: at most {seconds:.1f} s of processor time ({slow}), {kilobytes // 1000} MB ({large})")
print(len(names), "files")
tally.report()
