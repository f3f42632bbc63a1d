"""Runs Mirrorscope and its peers on the same work in turn, never at once, and prints a table of medians and ratios.

Called by scripts/benchmark, which builds and prepares the Python: run.py SCRATCH_FOLDER [--quick] [--memory]
"""

import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(here)
scratch = sys.argv[1]
quick = "--quick" in sys.argv
repeats = 1 if quick else 5
release = os.path.join(root, ".build", "release")
threads = os.cpu_count()


def run(*command, cores=None):
    """cores: how many of them the command may use; all where the system cannot say (macOS)."""
    confined = cores and hasattr(os, "sched_setaffinity")
    allowed = sorted(os.sched_getaffinity(0))[:cores] if confined else []
    output = subprocess.run(
        command, check=True, capture_output=True, text=True,
        preexec_fn=(lambda: os.sched_setaffinity(0, allowed)) if confined else None).stdout
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def without_output(arguments):
    """Replacing a file makes the file system write it to the disk at once: recordings are written anew."""
    if arguments[0] == "record" and os.path.exists(arguments[2]):
        os.remove(arguments[2])


def ours(*arguments, cores=None):
    without_output(arguments)
    return run(os.path.join(release, "benchmark"), *map(str, arguments), cores=cores)[0]


def peer(*arguments):
    without_output(arguments)
    return run(sys.executable, os.path.join(here, "peers", "peers.py"), *map(str, arguments))[0]


def file(name):
    return os.path.join(scratch, name)


def has(module):
    """Whether the Python of the peers has a module: JAX, torch and hdf5plugin are measured against where they are installed."""
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


has_torch, has_jax, has_plugins = has("torch"), has("jax"), has("hdf5plugin")


def compare(name, target, mine, theirs, scale=1.0, most=repeats):
    """scale: how much more work ours did than the peer; most: runs of a pair that takes long. Returns what our last run said."""
    a, b = [], []
    for _ in range(min(repeats, most)):
        last = mine()
        a.append(last["seconds"])
        b.append(theirs()["seconds"])
    ratio = statistics.median(b) * scale / statistics.median(a)
    rows.append((name, ratio, target, statistics.median(a), statistics.median(b)))
    print(f"{name}: {ratio:.1f} x (target {target})", file=sys.stderr, flush=True)
    return last


rows = []
count = 100_000 if quick else 1_000_000
wide = 20_000 if quick else 100_000
# Named by their size: a quick run and a whole one do not take each other's.
narrow_rows, half_rows, wide_rows, small_rows = (
    file(f"{rows}x{units}.f4") for rows, units in [(count, 64), (count // 2, 64), (wide, 1024), (20_000, 38)])
for path, n, units in [(narrow_rows, count, 64), (wide_rows, wide, 1024), (small_rows, 20_000, 38)]:
    if not os.path.exists(path):
        run(sys.executable, os.path.join(here, "peers", "peers.py"), "make", path, str(n), str(units))
states = 400_000 if quick else 3_900_000
subprocess.run(
    [os.path.join(release, "frogtoad"), "generate", "--states", str(states), "--test", "10000", "--output", file("states.h5"), "--force",
     "--quiet"], check=True)

epoch, sample = (380_000, 10_000) if quick else (3_840_000, 100_000)
compare(
    "training 2×17, batch 25, one core, against Keras on all", "100", lambda: ours("train", file("states.h5"), "--rows", epoch),
    lambda: peer("train", file("states.h5"), sample), scale=epoch / sample)
epoch_seconds = rows[-1][3]
if has_jax:
    compare(
        "training 2×17, batch 25, one core, against JAX (one scan) on all", "5", lambda: ours("train", file("states.h5"), "--rows", epoch),
        lambda: peer("train_jax", file("states.h5"), sample * 5), scale=epoch / sample / 5)
    # As a sweep: 16 networks of one data set. Ours is the whole command, with its data and measures; the peer trains only, all in one vmap, or
    # one network after the other.
    swept, sweep_epochs = (60_000, 5) if quick else (300_000, 40)
    with open(file("sweep.yaml"), "w") as sweep:
        sweep.write(
            f"generate: {{states: {swept}, test: 0}}\n"
            f"train: {{hidden: \"17,17\", learning-rate: 1e-4, epochs: {sweep_epochs}, patience: 1000, seed: 1..16}}\n"
            "kinds: trained\nmeasure: {permutations: 50}\n")

    def sweep_ours():
        shutil.rmtree(file("sweep"), ignore_errors=True)
        start = time.perf_counter()
        subprocess.run(
            [os.path.join(release, "frogtoad"), "sweep", file("sweep.yaml"), "--output", file("sweep"), "--quiet"], check=True)
        return {"seconds": time.perf_counter() - start}

    for networks, how in [(16, "one vmap"), (1, "one by one")]:
        peer_rows = 10_000 if networks > 1 else sample * 5
        compare(
            f"a sweep of 16 networks 2×17, {sweep_epochs} epochs of {swept:,} states, against JAX ({how})", "10" if networks > 1 else "5",
            sweep_ours, lambda: peer("train_jax", file("states.h5"), peer_rows, networks),
            scale=16 * sweep_epochs * swept / peer_rows / networks, most=3)
generated, played = (1_000_000, 10_000) if quick else (4_000_000, 50_000)
compare(
    "generating labelled, different states, against plain Python", "100", lambda: ours("generate", "--states", generated),
    lambda: run(sys.executable, os.path.join(here, "peers", "game.py"), str(played))[0], scale=generated / played)
subprocess.run(
    [os.path.join(release, "frogtoad"), "train", file("states.h5"), "--hidden", "17,17", "--learning-rate", "3e-4", "--epochs", "1", "--output",
     file("played"), "--force", "--quiet"], check=True)
played_by = file("played/epoch-001.h5")
games, peer_games = (4_000, 500) if quick else (20_000, 2_000)
compare(
    "playing, 2×17 on both sides, one core, against numpy in lockstep", "5", lambda: ours("games", played_by, "--games", games, cores=1),
    lambda: run(sys.executable, os.path.join(here, "peers", "games.py"), played_by, str(peer_games), "1000", cores=1)[0],
    scale=games / peer_games)
turns_per_minute = games * 1000 / rows[-1][3] * 60
compare(
    f"recording {count:,} × 64, against h5py gzip 4 + shuffle", "14",
    lambda: ours("record", narrow_rows, file("ours.h5"), "--units", 64), lambda: peer("record", narrow_rows, file("peer.h5"), 64))
sizes = os.path.getsize(file("ours.h5")) / os.path.getsize(file("peer.h5"))
if has_plugins:
    for codec, label in (("bitshuffle", "Bitshuffle lz4"), ("blosc2", "Blosc2 zstd 1")):
        compare(
            f"recording {count:,} × 64, against h5py with {label}", "1",
            lambda: ours("record", narrow_rows, file("ours.h5"), "--units", 64),
            lambda: peer("record", narrow_rows, file("plugin.h5"), 64, codec))
        print(f"{label}: {os.path.getsize(file('ours.h5')) / os.path.getsize(file('plugin.h5')):.2f} of its size", file=sys.stderr)
compare("reading it into memory, against h5py", "4", lambda: ours("read", file("ours.h5")), lambda: peer("read", file("peer.h5")))
compare(
    "reading and all moments by phase, against h5py + numpy + scipy", "8", lambda: ours("moments", file("ours.h5")),
    lambda: peer("moments", file("peer.h5")))
compare(
    "20,000 × 38 to the index, against CSV files as in the paper's scripts", "200",
    lambda: ours("to-index", small_rows, file("small.h5"), "--units", 38),
    lambda: peer("csv", small_rows, 38, file("small.csv")))
compare(
    f"correlation {wide:,} × 1,024 (float32), against numpy.corrcoef (float64)", "2.2", lambda: ours("correlate", wide_rows, "--units", 1024),
    lambda: peer("correlate", wide_rows, 1024))
compare(
    f"correlation {count:,} × 64 (float32), against numpy.corrcoef (float64)", "3.5", lambda: ours("correlate", narrow_rows, "--units", 64),
    lambda: peer("correlate", narrow_rows, 64))
for precision, label in [("single", "numpy.corrcoef")] + ([("torch", "torch.corrcoef")] if has_torch else []):
    compare(
        f"correlation {wide:,} × 1,024 (float32), against {label} (float32)", "1", lambda: ours("correlate", wide_rows, "--units", 1024),
        lambda: peer("correlate", wide_rows, 1024, precision))


def command(*arguments):
    """Seconds and peak memory in MB of a mirrorscope command."""
    start = time.perf_counter()
    process = subprocess.Popen([os.path.join(release, "mirrorscope"), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"mirrorscope {' '.join(arguments)} failed")
    return {"seconds": time.perf_counter() - start, "megabytes": usage.ru_maxrss / 1024}


def analysis(*arguments):
    return run(sys.executable, os.path.join(here, "peers", "analyses.py"), *map(str, arguments))[0]


# Whole commands, reading included, against products and decoders in Python that read with h5py.
deep, units, deals = (4, 1024, 200) if quick else (32, 4096, 1000)
deep_file = file(f"{deep}x{units}.h5")
if not os.path.exists(deep_file):
    run(sys.executable, os.path.join(here, "peers", "analyses.py"), "make", deep_file, str(deep), str(units), "2000")
shape = f"{deep} × {units:,} × 2,000"
units_peak = compare(
    f"`units`, cluster-robust, {deals:,} permutations, {shape}, against numpy's Welch products (float32)", "1.3",
    lambda: command("units", deep_file, "--permutations", str(deals)), lambda: analysis("permuted", deep_file, deals), most=3)
if has_torch:
    compare(
        f"the same, against torch's Welch products (float32)", "1.3",
        lambda: command("units", deep_file, "--permutations", str(deals)), lambda: analysis("permuted_torch", deep_file, deals), most=3)
    compare(
        f"the same, against the six products alone (torch)", "0.5",
        lambda: command("units", deep_file, "--permutations", str(deals)), lambda: analysis("products", deep_file, deals), most=3)
cmni_peak = command("cmni", deep_file, "--permutations", str(deals))
compare(
    f"`decode`, one layer {units:,} × 2,000, without permutations, against scikit-learn", "2",
    lambda: command("decode", deep_file, "--layers", "layer_0", "--permutations", "0"), lambda: analysis("decode", deep_file, 2000), scale=10,
    most=1)
decoding = command("decode", deep_file, "--layers", "layer_0", "--permutations", str(deals))
compare(
    f"`similarity`, unbiased CKA of all pairs of layers, {shape}, against numpy (float32)", "1",
    lambda: command("similarity", deep_file, "--measure", "cka", "--phase", "all"), lambda: analysis("cka", deep_file), most=3)
if has_torch:
    compare(
        f"the same, against torch (float32)", "1", lambda: command("similarity", deep_file, "--measure", "cka", "--phase", "all"),
        lambda: analysis("cka_torch", deep_file), most=3)


def growth(task, *after):
    """Time on all rows over that on half of them, and with one thread on one core over that with a thread for each of two.

    The three in turn, so that a machine that slows down slows all of them. Of one thread and two cores the caller would have the second.
    """
    whole, half = inputs[task]
    taken = [[], [], []]
    for _ in range(1 if quick else 7):
        for times, path, cores in zip(taken, (whole, half, whole), (2, 2, 1)):
            times.append(ours(task, path, *after, "--threads", cores, cores=cores)["seconds"])
    all_rows, half_of_them, one_core = map(statistics.median, taken)
    return all_rows / half_of_them, one_core / all_rows


with open(narrow_rows, "rb") as whole, open(half_rows, "wb") as half:
    half.write(whole.read(count * 64 * 4 // 2))
ours("record", half_rows, file("half.h5"), "--units", 64)
inputs = {
    "record": (narrow_rows, half_rows), "inflate": (file("ours.h5"), file("half.h5")), "moments": (file("ours.h5"), file("half.h5")),
    "correlate": (narrow_rows, half_rows)}
over_inflating = statistics.median(
    ours("moments", file("ours.h5"))["seconds"] / ours("inflate", file("ours.h5"))["seconds"] for _ in range(2 * repeats))
scaling = {
    "recording": growth("record", file("again.h5"), "--units", 64), "inflating": growth("inflate"),
    "moments": growth("moments"), "correlation": growth("correlate", "--units", 64)}


peaks = []
if "--memory" in sys.argv:
    ours("record", narrow_rows, file("large.h5"), "--units", 64, "--copies", 40_000_000 // count)
    for words in (["stats"], ["cmni"], ["correlate"], ["units", "--permutations", "100"], ["divergence"]):
        peaks.append((" ".join(words), *command(*words, file("large.h5")).values()))
        print(f"{words[0]}: {peaks[-1][1]:.0f} s, {peaks[-1][2]:.0f} MB", file=sys.stderr, flush=True)
    os.remove(file("large.h5"))
sums = ours("checksums", narrow_rows, file("sums.h5"), "--units", 64, "--repeats", 3 if quick else 15)
memory, blas = run(os.path.join(release, "benchmark"), "ceilings")
zlib = run(sys.executable, os.path.join(here, "peers", "peers.py"), "ceilings", narrow_rows)[0]

print(f"Measured {datetime.date.today()} on {platform.processor() or platform.machine()}, {threads} cores, medians of {repeats}, of fewer where a run takes long.\n")
print("| work | ratio | target | ours, s | peer, s |\n|---|---:|---:|---:|---:|")
for name, ratio, target, mine, theirs in rows:
    missed = "" if ratio >= float(target) else ", missed"
    print(f"| {name} | {ratio:.1f} × | {target} ×{missed} | {mine:.3g} | {theirs:.3g} |")
print(f"""
Peers that take much longer do a share of the work; the ratio counts it in full and the seconds are as measured.

- An epoch of {epoch:,} rows takes {epoch_seconds:.2f} s on one core (target 1.2 s for 3,840,000).
- A 2×17 network that plays both sides takes {turns_per_minute / 1e6:.0f} million turns a minute on one core (target 20).
- The recording has {sizes:.3f} of the size of h5py's.
- Moments take {over_inflating:.2f} × the time of inflating the chunks alone (target 1.25).
- Twice the rows take (target 2.2 at most), and two cores are faster than one by (target 1.7 where deflate is the work): {"; ".join(f"{name} {rows:.2f} ×, {faster:.2f} ×" for name, (rows, faster) in scaling.items())}.
- Checksums take, of the processor time without them (target 5 % at most): {"; ".join(f"{name} {sums[name + '_with_processor'] / sums[name + '_without_processor'] - 1:+.1%}" for name in ("writing", "reading"))}. Reading all headers first, in a child, takes {sums["opening"] * 1000:.0f} ms; putting the file on the disk {sums["sync"] * 1000:.0f} ms.
- {shape}: `units` takes at most {units_peak["megabytes"]:.0f} MB; `cmni` with as many permutations {cmni_peak["seconds"]:.1f} s and {cmni_peak["megabytes"]:.0f} MB, {cmni_peak["seconds"] / units_peak["seconds"]:.1f} × `units` (target 1.1). `decode` of one layer with {deals:,} permutations takes {decoding["seconds"]:.1f} s (target 20).
- The machine's ceilings in the same run: reading memory {memory["bytes"] / memory["seconds"] / 1e9:.1f} GB/s, BLAS
  {blas["operations"] / blas["seconds"] / 1e9:.0f} GFLOP/s, zlib level 4 deflates {zlib["deflate"] / 1e6:.0f} MB/s and inflates
  {zlib["inflate"] / 1e6:.0f} MB/s on one core.""")
if peaks:
    print("- A recording of 40,000,000 × 64 (10 GB of activations): "
        + ", ".join(f"`{name}` {took:.0f} s in {megabytes:.0f} MB" for name, took, megabytes in peaks) + ".")
