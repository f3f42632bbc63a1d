"""Small networks of PyTorch."""

from __future__ import annotations

import torch
from torch import nn


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 2)


class InPlace(TwoLayers):
    """What the first layer puts out is changed in place at once."""

    def forward(self, x):
        hidden = self.first(x)
        hidden.relu_()
        return self.second(hidden)


class Twice(nn.Module):
    """One layer runs twice."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(3, 3)
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.shared(self.shared(x)))


class Failing(TwoLayers):
    """Fails where an input is negative, between its layers."""

    def forward(self, x):
        hidden = self.first(x)
        if (x < 0).any():
            raise RuntimeError("negative input")
        return self.second(hidden)


class Outputs(nn.Module):
    """Its parts put out tuples, dictionaries and what holds no tensor of floats."""

    class Tuple(nn.Module):
        def forward(self, x):
            return None, (x + 1, x + 2)

    class Dictionary(nn.Module):
        def forward(self, x):
            return {"mask": x > 0, "other": x + 3, "last_hidden_state": x + 4}

    class Flags(nn.Module):
        def forward(self, x):
            return (x > 0, 3)

    def __init__(self):
        super().__init__()
        self.tuple = Outputs.Tuple()
        self.dictionary = Outputs.Dictionary()
        self.flags = Outputs.Flags()

    def forward(self, x):
        self.tuple(x)
        self.dictionary(x)
        self.flags(x)
        return x


class Policy(nn.Module):
    """Two convolutions and a head with the names of an agent's."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU())
        self.value = nn.Linear(5, 1)
        self.head = nn.Linear(5, 4)

    def forward(self, x):
        features = self.conv(x).amax(dim=(2, 3))
        return self.head(features), self.value(features).squeeze(-1)


class Sequence(nn.Module):
    """Gives each token its embedding, padding NaN, and hands on states of tokens."""

    def __init__(self, units=5):
        super().__init__()
        self.embedding = nn.Embedding(20, units)
        self.block = nn.Linear(units, units)

    def forward(self, input_ids, attention_mask=None):
        states = self.embedding(input_ids)
        if attention_mask is not None:
            states = states.masked_fill(~attention_mask.bool().unsqueeze(-1), torch.nan)
        return self.block(states)


def decoder(vocabulary=30, units=16, blocks=2):
    """A decoder-only transformer of torch's own blocks, randomly initialised."""

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, units)
            block = [nn.TransformerEncoderLayer(units, 2, 2 * units, dropout=0.0, batch_first=True) for _ in range(blocks)]
            self.blocks = nn.ModuleList(block)
            self.head = nn.Linear(units, vocabulary)

        def forward(self, input_ids, attention_mask):
            length = input_ids.shape[1]
            causal = nn.Transformer.generate_square_subsequent_mask(length).isinf()
            states = self.embedding(input_ids)
            for block in self.blocks:
                states = block(states, src_mask=causal, src_key_padding_mask=~attention_mask.bool())
            return {"logits": self.head(states)}

    return Decoder().eval()
