"""What the campaigns of this folder share: running a program under limits, comparing files, and counting outcomes.

Not a campaign itself. Files are read with h5py, independently of the programs. Each campaign works in a scratch folder that it removes.
"""

import collections
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np

REPLACED = {"created_utc", "command_line", "recovered_from", "title", "text_crc32"}
"""Attributes that may differ between a recording and one that was recovered or made by another command line.

`text_crc32` is of the others' text; `validate` looks at it.
"""

# A campaign that was started by nohup must not pass on that hang-ups are ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Programs:
    """The programs of one folder."""

    def __init__(self, folder):
        self.frogtoad = os.path.join(os.path.abspath(folder), "frogtoad")
        self.mirrorscope = os.path.join(os.path.abspath(folder), "mirrorscope")

    def words(self, line):
        """A command line as words, its program's name replaced by where the program is."""
        words = line.split() if isinstance(line, str) else list(line)
        return [getattr(self, words[0]), *words[1:]]


class Ended:
    """How a program ended: `code` is negative for a signal and "hang" where it took too long; `processor` is seconds of processor time."""

    def __init__(self, code, output, errors, seconds, processor, kilobytes):
        self.code, self.output, self.errors = code, output, errors
        self.seconds, self.processor, self.kilobytes = seconds, processor, kilobytes

    @property
    def crashed(self):
        return isinstance(self.code, int) and (self.code < 0 or self.code >= 128)

    @property
    def is_sentence(self):
        """Whether standard error holds one line that begins with "error: "."""
        lines = [line for line in self.errors.split("\n") if line.strip()]
        return len(lines) == 1 and lines[0].startswith("error: ")


def start(words, folder, address_space=None, output=subprocess.DEVNULL, errors=subprocess.DEVNULL):
    limit = ["prlimit", f"--as={address_space}"] if address_space else []
    return subprocess.Popen(
        [*limit, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)


def run(words, folder, seconds=60, address_space=None):
    """Runs a program to its end, or kills it after so many seconds."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begin = time.monotonic()
        process = start(words, folder, address_space, output, errors)
        late = threading.Event()

        def end():
            late.set()
            os.kill(process.pid, signal.SIGKILL)

        timer = threading.Timer(seconds, end)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.monotonic() - begin
        output.seek(0)
        errors.seek(0)
        code = "hang" if late.is_set() else process.returncode
        return Ended(code, output.read(), errors.read().decode("utf-8", "replace"), elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def must(words, folder, seconds=300):
    """Runs what has to end well for the campaign to make sense."""
    ended = run(words, folder, seconds)
    assert ended.code == 0, (words, ended.code, ended.errors)
    return ended


def contents(path):
    """Every data set of a file, and every attribute that may not differ."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[...]
        for key, value in item.attrs.items():
            if key not in REPLACED and key not in ("REFERENCE_LIST", "DIMENSION_LIST"):
                found[f"{name}@{key}"] = np.asarray(value)

    with h5py.File(path) as file:
        file.visititems(visit)
        visit("", file)
    return found


def equal(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and (a.tobytes() == b.tobytes() if a.dtype.kind not in "OV" else bool(np.all(a == b)))


def differences(path, reference, rows=None):
    """Parts in which a file differs from the contents of another.

    With `rows` the file holds the first rows only: parts of which the other has a row for each are compared as far as that, and
    checksums of contents are left out.
    """
    ours = contents(path)
    total = len(reference["phase"]) if rows is not None else None
    wrong = []
    for name in sorted(set(ours) | set(reference)):
        if rows is not None and name.endswith("content_sha256"):
            continue
        if name not in ours or name not in reference:
            wrong.append(name)
            continue
        theirs = reference[name]
        if rows is not None and theirs.ndim and len(theirs) == total and "@" not in name:
            theirs = theirs[:rows]
        if not equal(ours[name], theirs):
            wrong.append(name)
    return wrong


def same_file(path, reference):
    """Whether a file's contents are those, and can be read at all."""
    try:
        return not differences(path, reference)
    except (OSError, RuntimeError):
        return False


def promised_rows(sentence):
    """The rows that an error sentence says are safe: None where it names none."""
    if "No row" in sentence:
        return 0
    found = re.search(r"The ([\d,]+) rows|holds ([\d,]+) row", sentence)
    return int((found[1] or found[2]).replace(",", "")) if found else None


def in_parallel(trial, tasks):
    """Two at a time; those that have not begun are left out where one raises or the campaign is interrupted."""
    with ThreadPoolExecutor(2) as threads:
        try:
            for _ in threads.map(trial, tasks):
                pass
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise


class Tally:
    """Counts of outcomes; those that may not happen are printed as they come and decide the exit code."""

    def __init__(self):
        self.counts, self.wrong = collections.Counter(), 0
        self.lock = threading.RLock()
        signal.signal(signal.SIGINT, self.interrupted)
        signal.signal(signal.SIGTERM, self.interrupted)

    def add(self, outcome, count=1):
        with self.lock:
            self.counts[outcome] += count

    def fail(self, outcome, *facts):
        with self.lock:
            self.counts[f"WRONG: {outcome}"] += 1
            self.wrong += 1
            print("wrong:", outcome, *facts, flush=True)

    def interrupted(self, *_):
        """Says what has been found so far; what the campaign made is removed on the way out."""
        print("interrupted; so far:")
        self.show()
        raise KeyboardInterrupt

    def show(self):
        for outcome, count in sorted(self.counts.items()):
            print(f"{count:7d}  {outcome}", flush=True)

    def report(self):
        self.show()
        raise SystemExit(1 if self.wrong else 0)
