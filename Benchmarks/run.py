"""Runs Mirrorscope and its peers on the same work in turn, never at once, and prints a table of medians and ratios.

Called by scripts/benchmark, which builds and prepares the Python: run.py SCRATCH_FOLDER [--quick] [--memory]
"""

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(here)
scratch = sys.argv[1]
quick = "--quick" in sys.argv
repeats = 1 if quick else 3
release = os.path.join(root, ".build", "release")
threads = os.cpu_count()


def run(*command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def without_output(arguments):
    """Replacing a file makes the file system write it to the disk at once: recordings are written anew."""
    if arguments[0] == "record" and os.path.exists(arguments[2]):
        os.remove(arguments[2])


def ours(*arguments):
    without_output(arguments)
    return run(os.path.join(release, "benchmark"), *map(str, arguments))[0]


def peer(*arguments):
    without_output(arguments)
    return run(sys.executable, os.path.join(here, "peers", "peers.py"), *map(str, arguments))[0]


def file(name):
    return os.path.join(scratch, name)


def compare(name, target, mine, theirs, scale=1.0):
    """scale: how much more work ours did than the peer."""
    a, b = [], []
    for _ in range(repeats):
        a.append(mine()["seconds"])
        b.append(theirs()["seconds"])
    ratio = statistics.median(b) * scale / statistics.median(a)
    rows.append((name, ratio, target, statistics.median(a), statistics.median(b)))
    print(f"{name}: {ratio:.1f} x (target {target})", file=sys.stderr, flush=True)


rows = []
count = 100_000 if quick else 1_000_000
wide = 20_000 if quick else 100_000
for name, n, units in [("narrow.f4", count, 64), ("wide.f4", wide, 1024), ("small.f4", 20_000, 38)]:
    if not os.path.exists(file(name)):
        run(sys.executable, os.path.join(here, "peers", "peers.py"), "make", file(name), str(n), str(units))
states = 400_000 if quick else 3_900_000
subprocess.run(
    [os.path.join(release, "frogtoad"), "generate", "--states", str(states), "--test", "10000", "--output", file("states.h5"), "--force",
     "--quiet"], check=True)

epoch, sample = (380_000, 10_000) if quick else (3_840_000, 100_000)
compare(
    "training 2×17, batch 25, one core, against Keras on all", "100", lambda: ours("train", file("states.h5"), "--rows", epoch),
    lambda: peer("train", file("states.h5"), sample), scale=epoch / sample)
epoch_seconds = rows[-1][3]
generated, played = (1_000_000, 10_000) if quick else (4_000_000, 50_000)
compare(
    "generating labelled, different states, against plain Python", "100", lambda: ours("generate", "--states", generated),
    lambda: run(sys.executable, os.path.join(here, "peers", "game.py"), str(played))[0], scale=generated / played)
compare(
    f"recording {count:,} × 64, against h5py gzip 4 + shuffle", "14",
    lambda: ours("record", file("narrow.f4"), file("ours.h5"), "--units", 64), lambda: peer("record", file("narrow.f4"), file("peer.h5"), 64))
sizes = os.path.getsize(file("ours.h5")) / os.path.getsize(file("peer.h5"))
compare("reading it into memory, against h5py", "4", lambda: ours("read", file("ours.h5")), lambda: peer("read", file("peer.h5")))
compare(
    "reading and all moments by phase, against h5py + numpy + scipy", "8", lambda: ours("moments", file("ours.h5")),
    lambda: peer("moments", file("peer.h5")))
moments_seconds = rows[-1][3]
inflate_seconds = statistics.median(ours("inflate", file("ours.h5"))["seconds"] for _ in range(repeats))
compare(
    "20,000 × 38 to the index, against CSV files as in the paper's scripts", "200",
    lambda: ours("to-index", file("small.f4"), file("small.h5"), "--units", 38),
    lambda: peer("csv", file("small.f4"), 38, file("small.csv")))
compare(
    f"correlation {wide:,} × 1,024, against numpy.corrcoef", "2.2", lambda: ours("correlate", file("wide.f4"), "--units", 1024),
    lambda: peer("correlate", file("wide.f4"), 1024))
compare(
    f"correlation {count:,} × 64, against numpy.corrcoef", "3.5", lambda: ours("correlate", file("narrow.f4"), "--units", 64),
    lambda: peer("correlate", file("narrow.f4"), 64))



def seconds(*arguments):
    return statistics.median(ours(*arguments)["seconds"] for _ in range(repeats))


def growth(task, *before, after=()):
    """Time on all rows over that on half of them, and on one thread over that on two."""
    whole, half = (seconds(task, *before, file(name), *after) for name in inputs[task])
    one, two = (seconds(task, *before, file(inputs[task][0]), *after, "--threads", number) for number in (1, 2))
    return whole / half, one / two


with open(file("narrow.f4"), "rb") as whole, open(file("half.f4"), "wb") as half:
    half.write(whole.read(count * 64 * 4 // 2))
ours("record", file("half.f4"), file("half.h5"), "--units", 64)
inputs = {
    "record": ("narrow.f4", "half.f4"), "inflate": ("ours.h5", "half.h5"), "moments": ("ours.h5", "half.h5"),
    "correlate": ("narrow.f4", "half.f4")}
scaling = {
    "recording": growth("record", after=[file("again.h5"), "--units", 64]), "inflating": growth("inflate"),
    "moments": growth("moments"), "correlation": growth("correlate", after=["--units", 64])}


def peak(*arguments):
    """Seconds and peak memory in MB of a mirrorscope command."""
    start = time.perf_counter()
    process = subprocess.Popen([os.path.join(release, "mirrorscope"), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"mirrorscope {' '.join(arguments)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


peaks = []
if "--memory" in sys.argv:
    ours("record", file("narrow.f4"), file("large.h5"), "--units", 64, "--copies", 40_000_000 // count)
    for command in (["stats"], ["cmni"], ["correlate"], ["units", "--permutations", "100"], ["divergence"]):
        peaks.append((" ".join(command), *peak(*command, file("large.h5"))))
        print(f"{command[0]}: {peaks[-1][1]:.0f} s, {peaks[-1][2]:.0f} MB", file=sys.stderr, flush=True)
    os.remove(file("large.h5"))
memory, blas = run(os.path.join(release, "benchmark"), "ceilings")
zlib = run(sys.executable, os.path.join(here, "peers", "peers.py"), "ceilings", file("narrow.f4"))[0]

print(f"Measured {datetime.date.today()} on {platform.processor() or platform.machine()}, {threads} cores, medians of {repeats}.\n")
print("| work | ratio | target | ours, s | peer, s |\n|---|---:|---:|---:|---:|")
for name, ratio, target, mine, theirs in rows:
    print(f"| {name} | {ratio:.1f} × | {target} × | {mine:.3g} | {theirs:.3g} |")
print(f"""
Peers that take much longer do a share of the work; the ratio counts it in full and the seconds are as measured.

- An epoch of {epoch:,} rows takes {epoch_seconds:.2f} s on one core (target 1.2 s for 3,840,000).
- The recording has {sizes:.3f} of the size of h5py's.
- Moments take {moments_seconds / inflate_seconds:.2f} × the time of inflating the chunks alone (target 1.25).
- Twice the rows take, and two threads are faster than one by: {"; ".join(f"{name} {rows:.2f} ×, {faster:.2f} ×" for name, (rows, faster) in scaling.items())}.
- The machine's ceilings in the same run: reading memory {memory["bytes"] / memory["seconds"] / 1e9:.1f} GB/s, BLAS
  {blas["operations"] / blas["seconds"] / 1e9:.0f} GFLOP/s, zlib level 4 deflates {zlib["deflate"] / 1e6:.0f} MB/s and inflates
  {zlib["inflate"] / 1e6:.0f} MB/s on one core.""")
if peaks:
    print("- A recording of 40,000,000 × 64 (10 GB of activations): "
        + ", ".join(f"`{name}` {took:.0f} s in {megabytes:.0f} MB" for name, took, megabytes in peaks) + ".")
