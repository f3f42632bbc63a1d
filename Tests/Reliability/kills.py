"""Kills a command with SIGKILL at seeded random moments: nothing wrong, nothing lost, and nothing half under a final name may be left.

Run: python kills.py PROGRAMS record|train|generate|run COUNT   (PROGRAMS is the folder that they are in)

record:   what can be recovered equals the rows of an uninterrupted recording, and rows that could be recovered at an earlier moment of the
          same recording still can. A recording under its final name is whole.
train:    killed one to three times, each time gone on with --resume; the weights, moments and training.csv at the end are those of an
          uninterrupted training, and every file under a final name is whole after each kill.
generate: the states file is whole or not there, and the same command again makes it.
run:      gone on with --resume; every file at the end equals the uninterrupted run's.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time

from common import Programs, Tally, contents, differences, must, run, same_file, start

programs, what, count = Programs(sys.argv[1]), sys.argv[2], int(sys.argv[3])
tally = Tally()
random.seed(f"kills of {what}")
folder = tempfile.mkdtemp(prefix="kills-")


def path(*names):
    return os.path.join(folder, *names)


def kill_after(words, delay):
    process = start(words, folder)
    time.sleep(delay)
    process.kill()
    process.wait()


def moment(seconds, index):
    """Mostly anywhere in the run; every tenth in its first moments, every tenth near its end."""
    return random.uniform(*[(0, 0.15), (0.85 * seconds, 1.02 * seconds), (0, seconds)][min(index % 10, 2)])


def recover(partial, output):
    ended = run(programs.words(["mirrorscope", "recover", partial, "-o", output]), folder)
    if ended.code == 3:
        return 0
    if ended.code != 0:
        tally.fail("recover of a killed recorder's file", ended.code, ended.errors)
        return 0
    found = contents(path(output))
    rows = len(found["phase"])
    wrong = differences(path(output), reference, rows)
    if wrong:
        tally.fail("rows differ", rows, wrong)
    if run(programs.words(["mirrorscope", "validate", output]), folder).code != 0:
        tally.fail("recovered and not valid", rows)
    os.remove(path(output))
    return rows


def grow(process, share):
    """Waits until the partial file is so large a share of the whole recording, and a random moment more: a busy machine shifts times."""
    size = share * os.path.getsize(path("ref.h5"))
    while process.poll() is None and not (os.path.exists(path("r.h5.partial")) and os.path.getsize(path("r.h5.partial")) >= size):
        time.sleep(0.001)
    time.sleep(0.02 * random.random())


def record(index, seconds):
    line = programs.words("frogtoad record net/epoch-001.h5 --states s.h5 --split train -o r.h5 --quiet")
    share, earlier = random.random(), 0
    process = start(line, folder)
    if index % 10 == 0:
        time.sleep(moment(seconds, 0))
    elif index % 2:
        grow(process, share * random.random())
        process.send_signal(signal.SIGSTOP)
        if os.path.exists(path("r.h5.partial")):
            shutil.copy(path("r.h5.partial"), path("early.h5.partial"))
            earlier = recover("early.h5.partial", "early.h5")
        process.send_signal(signal.SIGCONT)
        grow(process, share)
    else:
        grow(process, share)
    process.kill()
    process.wait()
    if os.path.exists(path("r.h5")):
        if same_file(path("r.h5"), reference):
            tally.add("the recording was finished, and is whole")
        else:
            tally.fail("corrupt recording under its final name")
    elif os.path.exists(path("r.h5.partial")):
        rows = recover("r.h5.partial", "back.h5")
        tally.add("rows recovered" if rows else "no row yet")
        if rows < earlier:
            tally.fail("rows could be recovered and no longer can", earlier, rows)
        elif earlier:
            tally.add("  (rows of an earlier moment still there)")
        recovered.append(rows)
    else:
        tally.add("nothing there yet")
    for name in ("r.h5", "r.h5.partial", "early.h5.partial"):
        if os.path.exists(path(name)):
            os.remove(path(name))


def files(top):
    return sorted(os.path.relpath(os.path.join(at, name), top) for at, _, names in os.walk(top) for name in names)


def compare(top, references, texts, is_over):
    """After a kill each finished file is whole; at the end all are there, and equal."""
    names = [name for name in files(top) if not name.endswith(".partial")]
    for name in names:
        at = os.path.join(top, name)
        if name.endswith("state.h5") and not is_over:
            try:
                contents(at)
            except (OSError, RuntimeError) as error:
                tally.fail("corrupt file under its final name", name, error)
        elif name.endswith(".h5"):
            try:
                wrong = differences(at, references[name]) if name in references else "no such file in the other run"
            except (OSError, RuntimeError) as error:
                wrong = error
            if wrong:
                tally.fail("corrupt or other file under its final name", name, wrong)
        elif is_over and open(at, "rb").read() != texts.get(name):
            tally.fail("other text at the end", name)
    if is_over and (set(names) != set(references) | set(texts) or len(names) != len(files(top))):
        tally.fail("files missing or left over", set(files(top)) ^ (set(references) | set(texts)))


def snapshot(top):
    names = files(top)
    return ({name: contents(os.path.join(top, name)) for name in names if name.endswith(".h5")},
            {name: open(os.path.join(top, name), "rb").read() for name in names if not name.endswith(".h5")})


def folder_of(line, index, seconds, references, texts):
    """Kills a command that fills a folder and can be resumed, one to three times."""
    for attempt in range(random.choice([1, 1, 2, 3])):
        resume = ["--resume"] if os.path.exists(path("out")) else []
        kill_after(programs.words(line) + resume, moment(seconds, index) * (1 if attempt == 0 else 0.5))
        tally.add("kills")
        if os.path.exists(path("out")):
            compare(path("out"), references, texts, is_over=False)
    ended = run(programs.words(line) + ["--resume"], folder, 120)
    if ended.code != 0:
        tally.fail("--resume", ended.code, ended.errors)
    else:
        compare(path("out"), references, texts, is_over=True)
        tally.add("gone on to the end")
    shutil.rmtree(path("out"), ignore_errors=True)


def generate(index, seconds):
    line = programs.words("frogtoad generate --states 1000000 --seed 1 -o g.h5 --quiet")
    kill_after(line, moment(seconds, index))
    if os.path.exists(path("g.h5")):
        tally.add("the file was finished")
    else:
        tally.add("no file yet; made again")
        must(line, folder)
    if not same_file(path("g.h5"), reference):
        tally.fail("corrupt states file under its final name")
    if os.path.exists(path("g.h5.partial")):
        tally.fail("partial left by the second run")
    os.remove(path("g.h5"))


recovered = []
try:
    if what == "record":
        must(programs.words("frogtoad generate --states 500000 --seed 1 -o s.h5"), folder)
        must(programs.words("frogtoad train s.h5 --hidden 17,17 --epochs 1 -o net"), folder)
        seconds = must(programs.words("frogtoad record net/epoch-001.h5 --states s.h5 --split train -o ref.h5"), folder).seconds
        reference = contents(path("ref.h5"))
        step = record
    elif what == "generate":
        seconds = must(programs.words("frogtoad generate --states 1000000 --seed 1 -o ref.h5"), folder).seconds
        reference = contents(path("ref.h5"))
        step = generate
    else:
        if what == "train":
            must(programs.words("frogtoad generate --states 30000 --seed 1 -o s.h5"), folder)
            line = "frogtoad train s.h5 --hidden 17,17 --epochs 40 --patience 40 --learning-rate 3e-4 --balance sqrt -o out --quiet"
        else:
            line = "frogtoad run --preset quick -o out --quiet"
        seconds = must(programs.words(line), folder).seconds
        references, texts = snapshot(path("out"))
        shutil.rmtree(path("out"))

        def step(index, seconds):
            folder_of(line, index, seconds, references, texts)
    print(f"uninterrupted: {seconds:.1f} s", flush=True)
    for index in range(count):
        step(index, seconds)
finally:
    shutil.rmtree(folder)
if recovered:
    print(f"rows recovered of {len(reference['phase'])}: {min(recovered)} to {max(recovered)}")
print(f"{what}: {count} times")
tally.report()
