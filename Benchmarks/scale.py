"""What recordings and their analyses cost, by rows, units, checkpoints and tasks: docs/scale.md.

    python3 Benchmarks/scale.py SCRATCH_FOLDER TABLE [recordings] [rows] [units] [checkpoints] [tasks] [storage]

adds a row a measurement to TABLE (CSV): what, size, repeat, seconds (wall), cpu_seconds (user and system, children too), peak_bytes, bytes, requests.
MIRRORSCOPE_BIN is the folder of the release programs. One thread, so that CPU time is that of one core; every size is measured REPEATS times, in
turn. `tasks` needs root and Slurm (Tests/Slurm/cluster.sh), `storage` HDF5's tools with the driver ros3 and gcc. Standard library only.
"""

import csv
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("MIRRORSCOPE_BIN", ROOT / ".build" / "release")).resolve()
COLUMNS = ["what", "size", "repeat", "seconds", "cpu_seconds", "peak_bytes", "bytes", "requests"]
REPEATS = 3


class Table:
    def __init__(self, path):
        self.path = Path(path)
        if not self.path.exists():
            self.path.write_text(",".join(COLUMNS) + "\n")

    def add(self, what, size, repeat, **cells):
        row = {"what": what, "size": size, "repeat": repeat} | {
            name: round(value, 4) if isinstance(value, float) else value for name, value in cells.items()
        }
        with open(self.path, "a", newline="") as file:
            csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(row)
        print(" ".join(f"{name}={value}" for name, value in row.items()), flush=True)


def run(program, *arguments, threads=1):
    """Runs one of our programs; what it took."""
    options = [] if threads is None else ["--threads", str(threads)]
    start = time.monotonic()
    process = subprocess.Popen([BIN / program, *map(str, arguments), *options, "--quiet"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"scale: {program} {' '.join(map(str, arguments))} ended with {process.returncode}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"seconds": time.monotonic() - start, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": peak}


def fresh(path):
    """A path at which nothing is: replacing a file makes some file systems write it at once."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    return path


def network(folder, hidden):
    """Checkpoints of a network that has learnt for an epoch: its activations compress as those of a network do."""
    states, made = folder / "few.h5", folder / f"network-{hidden}"
    if not states.exists():
        run("frogtoad", "generate", "--states", 20_000, "--seed", 3, "--output", states)
    if not made.exists():
        run("frogtoad", "train", states, "--hidden", hidden, "--learning-rate", "1e-3", "--epochs", 1, "--output", made)
    return sorted(made.glob("epoch-*.h5"))[-1]


ANALYSES = {
    "stats": ["stats"],
    "cmni": ["cmni"],
    "cmni, 200 permutations": ["cmni", "--permutations", 200],
    "units, 200 permutations": ["units", "--permutations", 200],
}


def states_of(folder, count):
    states = folder / f"states-{count}.h5"
    if not states.exists():
        run("frogtoad", "generate", "--states", count, "--seed", 1, "--test", 0, "--output", states)
    return states


def record(checkpoint, states, recording, *options):
    return run("frogtoad", "record", checkpoint, "--states", states, "--split", "train", "--no-inputs", "--output", recording, *options)


ROWS = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
WIDTHS = [16, 64, 256, 1_024]


def recordings(table, folder):
    """Recording: 2×17 of 10³ to 10⁷ rows, two hidden layers of 16 to 1,024 units of 10,000 rows, 1 to 1,000 checkpoints of 10,000 rows."""
    cells = [("rows", count, "17,17", count) for count in ROWS] + [("units", 2 * width + 4, f"{width},{width}", 10_000) for width in WIDTHS]
    for by, size, hidden, count in cells:
        for repeat in range(REPEATS if count < 10_000_000 else 1):
            recording = fresh(folder / "recorded.h5")
            table.add(f"record by {by}", size, repeat, **record(network(folder, hidden), states_of(folder, count), recording),
                      bytes=recording.stat().st_size)
    fresh(folder / "recorded.h5")
    for count in CHECKPOINTS:
        copies(network(folder, "17,17"), folder / "copies", count)
        for repeat in range(REPEATS if count < 1_000 else 1):
            made = fresh(folder / "recorded")
            table.add("record by checkpoints", count, repeat, **record(folder / "copies", states_of(folder, 10_000), made),
                      bytes=sum(path.stat().st_size for path in made.iterdir()))
    for used in ["copies", "recorded"]:
        fresh(folder / used)


def analysed(table, by, size, recording):
    for repeat in range(REPEATS if size < 10_000_000 else 1):
        for name, arguments in ANALYSES.items():
            table.add(f"{name} by {by}", size, repeat, **run("mirrorscope", arguments[0], recording, *arguments[1:]))


def kept(folder, hidden, count):
    """A recording that is made once."""
    recording = folder / f"recording-{hidden}-{count}.h5"
    if not recording.exists():
        record(network(folder, hidden), states_of(folder, count), recording)
    return recording


def rows(table, folder):
    for count in ROWS:
        analysed(table, "rows", count, kept(folder, "17,17", count))


def units(table, folder):
    for width in WIDTHS:
        analysed(table, "units", 2 * width + 4, kept(folder, f"{width},{width}", 10_000))


CHECKPOINTS = [1, 10, 100, 1_000]


def copies(original, folder, count):
    folder = fresh(folder)
    folder.mkdir()
    for number in range(count):
        shutil.copy(original, folder / f"epoch-{number:04}.h5")
    return sorted(folder.iterdir())


def checkpoints(table, folder):
    """1 to 1,000 recordings of 2×17 and 10,000 rows in one call; up to 100 also in a call each."""
    for count in CHECKPOINTS:
        paths = copies(kept(folder, "17,17", 10_000), folder / "copies", count)
        for repeat in range(REPEATS if count < 1_000 else 1):
            for name in ["cmni", "cmni, 200 permutations"]:
                table.add(f"{name} by checkpoints", count, repeat, **run("mirrorscope", *ANALYSES[name][:1], *paths, *ANALYSES[name][1:]))
            if count <= 100:
                single = {"seconds": 0.0, "cpu_seconds": 0.0, "peak_bytes": 0}
                for path in paths:
                    took = run("mirrorscope", "cmni", path)
                    single = {name: max(single[name], took[name]) if name == "peak_bytes" else single[name] + took[name] for name in single}
                table.add("cmni, a call each, by checkpoints", count, repeat, **single)
    fresh(folder / "copies")


def shell(script, **environment):
    return subprocess.run(["bash", "-c", script], check=True, text=True, stdout=subprocess.PIPE, env=os.environ | environment).stdout


def tasks(table, folder):
    """1 to 10⁴ tasks of array jobs: of nothing, of one small analysis, of 100 of these, and of 100 in one call.

    The node has 32 processors for Slurm, whatever the machine has: the scheduler looks at the queue once a second, and a task that lasts less
    holds its processor until then.
    """
    folder = folder.resolve()
    recording = kept(folder, "17,17", 1_000)
    cluster = folder / "cluster"
    source = f"set -euo pipefail; source {ROOT}/Tests/Slurm/cluster.sh; cluster_folder={cluster};"
    reason = shell(f"{source} cluster_missing").strip()
    if reason:
        raise SystemExit(f"scale: no cluster here: {reason}")
    shell(f"{source} cluster_start {cluster} 32 >/dev/null 2>&1")
    try:
        analysis = f"{BIN}/mirrorscope cmni {recording} --quiet --threads 1 --output /dev/null --force"
        works = {
            "tasks of nothing": "/bin/true",
            "tasks of one analysis": analysis,
            "tasks of 100 analyses": f"for number in $(seq 100); do {analysis}; done",
            "tasks of 100 analyses in one call": (
                f"{BIN}/mirrorscope cmni $(yes {recording} | head -n 100) --quiet --threads 1 --output /dev/null --force"),
        }
        for count in [1, 10, 100, 1_000, 10_000]:
            for what, command in works.items():
                # No more analyses in all than the largest array has.
                if "100" in what and count > 10:
                    continue
                start = time.monotonic()
                job = shell(f"sbatch --parsable --array=1-{count} --output=/dev/null --wrap '{command}'").strip()
                while shell(f"squeue --noheader --jobs={job} --states=pending,running,completing,configuring | head -n 1").strip():
                    time.sleep(0.2 if count < 1_000 else 2)
                seconds = time.monotonic() - start
                failed = shell(f"squeue --noheader --array --jobs={job} --states=failed,cancelled,node_fail,timeout | wc -l").strip()
                if failed != "0":
                    raise SystemExit(f"scale: {failed} of {count} {what} failed")
                table.add(what, count, 0, seconds=seconds)
    finally:
        shell(f"{source} cluster_stop")


class Counted(http.server.BaseHTTPRequestHandler):
    """Files by ranges, as object storage gives them, after a while."""

    protocol_version = "HTTP/1.1"
    folder = Path()
    delay = 0.0
    requests = 0
    bytes = 0
    lock = threading.Lock()

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, with_body):
        path = self.folder / self.path.lstrip("/")
        size = path.stat().st_size
        first, last = 0, size - 1
        given = self.headers.get("Range")
        if given:
            low, high = given.removeprefix("bytes=").split("-")
            first, last = int(low), min(int(high) if high else size - 1, size - 1)
        time.sleep(self.delay)
        with Counted.lock:
            Counted.requests += 1
            Counted.bytes += last - first + 1 if with_body else 0
        self.send_response(206 if given else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("Accept-Ranges", "bytes")
        if given:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if with_body:
            with open(path, "rb") as file:
                file.seek(first)
                self.wfile.write(file.read(last - first + 1))


READER = r"""
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* Reads a data set of float32 in blocks of rows: from a file, or through the driver ros3 from an address. */
int main(int count, char **arguments) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (!strncmp(arguments[1], "http", 4)) {
    H5FD_ros3_fapl_t ros3 = {H5FD_CURR_ROS3_FAPL_T_VERSION, 0, "", "", ""};
    if (H5Pset_fapl_ros3(access, &ros3) < 0) return 1;
  }
  hid_t file = H5Fopen(arguments[1], H5F_ACC_RDONLY, access);
  hid_t set = file < 0 ? -1 : H5Dopen2(file, arguments[2], H5P_DEFAULT);
  if (set < 0) return 1;
  hid_t space = H5Dget_space(set);
  hsize_t size[2];
  H5Sget_simple_extent_dims(space, size, NULL);
  hsize_t block = 4096, rows = 0;
  float *values = malloc(block * size[1] * sizeof(float));
  double sum = 0;
  for (hsize_t first = 0; first < size[0]; first += rows) {
    rows = size[0] - first < block ? size[0] - first : block;
    hsize_t start[2] = {first, 0}, extent[2] = {rows, size[1]};
    hid_t memory = H5Screate_simple(2, extent, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
    if (H5Dread(set, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, values) < 0) return 1;
    H5Sclose(memory);
    for (hsize_t index = 0; index < rows * size[1]; index++) sum += values[index];
  }
  printf("%.6f\n", sum);
  return 0;
}
"""


def storage(table, folder):
    """One layer of 17 units of a recording, read from the disk and through HDF5's ros3 from a local server that answers after 0 and 20 ms."""
    reader = folder / "reader"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "hdf5"], check=True, capture_output=True, text=True).stdout.split()
    (folder / "reader.c").write_text(READER)
    subprocess.run(["gcc", "-O2", folder / "reader.c", "-o", reader, *flags], check=True)
    Counted.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for count in [10_000, 100_000, 1_000_000]:
        recording = kept(folder, "17,17", count)
        sums = set()
        for what, where, delay in [
            ("read from disk", recording, 0),
            ("read through ros3, 0 ms", f"http://127.0.0.1:{server.server_port}/{recording.name}", 0),
            ("read through ros3, 20 ms", f"http://127.0.0.1:{server.server_port}/{recording.name}", 0.02),
        ]:
            for repeat in range(REPEATS):
                (Counted.delay, Counted.requests, Counted.bytes) = (delay, 0, 0)
                start = time.monotonic()
                done = subprocess.run([reader, where, "/layers/dense_1/activations"], check=True, capture_output=True, text=True)
                sums.add(done.stdout)
                table.add(what, count, repeat, seconds=time.monotonic() - start,
                          bytes=Counted.bytes or recording.stat().st_size, requests=Counted.requests)
        if len(sums) != 1:
            raise SystemExit("scale: ros3 gave other numbers than the disk")
    server.shutdown()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    scratch = Path(sys.argv[1])
    scratch.mkdir(parents=True, exist_ok=True)
    parts = {"recordings": recordings, "rows": rows, "units": units, "checkpoints": checkpoints, "tasks": tasks, "storage": storage}
    for name in sys.argv[3:] or parts:
        parts[name](Table(sys.argv[2]), scratch)
