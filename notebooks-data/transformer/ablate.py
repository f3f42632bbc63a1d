"""Runs what `mirrorscope plan` planned in all-MiniLM-L6-v2: python3 ablate.py plan.json outcomes.csv

The model puts sentences where their meaning is; two readings of that are the outcomes:

distress   how much nearer a sentence is to "Someone is in trouble and needs help." than to "Everyone is well and needs no help."
who        how much nearer it is to "I am in trouble and need help." than to "Toad is in trouble and needs help."
"""

import sys

import mirrorscope
import torch
from record import embed, model, tokens
from sentences import sentences

rows, plan = sentences(), mirrorscope.load_plan(sys.argv[1])
texts = [rows[example.rows[0]]["text"] for example in plan.examples]
batches = [tokens(texts[start : start + 96]) for start in range(0, len(texts), 96)]
probes = [
    "Someone is in trouble and needs help.", "Everyone is well and needs no help.", "I am in trouble and need help.",
    "Toad is in trouble and needs help.",
]
with torch.no_grad():
    yes, no, me, toad = embed(tokens(probes))


def evaluate(arm):
    with torch.no_grad():
        found = torch.cat([embed(batch) for batch in batches])
    return {"distress": found @ (yes - no), "who": found @ (me - toad)}


try:
    mirrorscope.run_plan(model, plan, evaluate, sys.argv[2])
except mirrorscope.MirrorscopeError as error:
    sys.exit(str(error))
