"""Runs a plan's arms in the upper part of a dense network, with numpy alone: run_plan.py RECORDING PLAN OUTCOMES

What `mirrorscope judge` makes of it is to be what `mirrorscope ablate` makes of the recording.
"""

import csv
import json
import sys

import h5py
import numpy as np

recording, plan = h5py.File(sys.argv[1]), json.load(open(sys.argv[2]))
names = sorted(recording["layers"], key=lambda name: recording["layers"][name].attrs["layer_index"])
actions = [str(name) for name in recording["action_names"].asstr()[:]] if "action_names" in recording else None
enum = h5py.check_enum_dtype(recording["label"].dtype)
actions = actions or [name for name, _ in sorted(enum.items(), key=lambda item: item[1])]
label = recording["label"][:]
rows = np.array([example["rows"][0] for example in plan["examples"]])


def outputs(layer, values):
    for name in names[names.index(layer) + 1 :]:
        above = recording["layers"][name]
        kernel, bias = above["kernel"][:].astype(float), above["bias"][:].astype(float)
        values = values @ kernel + bias
        if above.attrs["activation_function"] == "relu":
            values = np.maximum(values, 0)
    return values


def run(arm):
    layer = arm.get("layer", names[0])
    values = recording["layers"][layer]["activations"][:].astype(float)
    own = values[rows]
    if "direction" in arm:
        direction = np.array(arm["direction"])
        own = own - np.outer(own @ direction, direction)
    elif "draw" in arm:
        own[:, arm["units"]] = values[np.array(plan["donors"][arm["draw"] - 1])][:, arm["units"]]
    elif "units" in arm:
        own[:, arm["units"]] = arm["values"]
    return outputs(layer, own)


with open(sys.argv[3], "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["arm", "example", "outcome", "value"])
    for arm in plan["arms"]:
        result = run(arm)
        chosen = result.argmax(axis=1)
        for index, example in enumerate(plan["examples"]):
            name, right = example["example"], label[rows[index]]
            hit = int(chosen[index] == right)
            table.writerow([arm["id"], name, "accuracy", hit])
            table.writerow([arm["id"], name, f"accuracy:{actions[right]}", hit])
            for action in range(result.shape[1]):
                table.writerow([arm["id"], name, f"mean:{actions[action]}", repr(float(result[index, action]))])
