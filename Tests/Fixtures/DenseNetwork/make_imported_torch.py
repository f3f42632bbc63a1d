"""State dicts of PyTorch saved by safetensors itself, and what PyTorch gives for some inputs, for ImportedNetworkTests.

Run: python make_imported_torch.py
"""
import json

import torch
from safetensors.torch import save_file
from torch import nn

from imported import draw, here, inputs, write_outputs


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 5)
        self.body = nn.ModuleDict({"fc2": nn.Linear(5, 4, bias=False)})
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        return self.out(nn.functional.leaky_relu(self.body["fc2"](torch.relu(self.fc1(x))), 0.01))


def settle(model, seed):
    state = model.state_dict()
    model.load_state_dict({n: torch.from_numpy(draw(n, tuple(v.shape), seed)) if v.is_floating_point() else v for n, v in state.items()})
    return model.eval()


def write(name, model, architecture, dtype=torch.float32):
    """The model rounded to a type, run in float32 (float64 in its own)."""
    model = model.to(dtype)
    save_file(model.state_dict(), here / f"torch_{name}.safetensors", metadata={"format": "pt"})
    (here / f"torch_{name}.json").write_text(json.dumps(architecture, indent=1) + "\n")
    running = dtype if dtype == torch.float64 else torch.float32
    with torch.no_grad():
        write_outputs(f"torch_{name}", model.to(running)(torch.from_numpy(inputs).to(running)).float().numpy())


named = [{"name": "fc1", "activation": "relu"}, {"name": "body.fc2", "activation": "leaky_relu(0.01)"}, {"name": "out", "activation": "linear"}]
for name, dtype in (("float32", torch.float32), ("float16", torch.float16), ("bfloat16", torch.bfloat16), ("float64", torch.float64)):
    model = settle(Named(), 4)
    if dtype == torch.float64:
        model = model.to(dtype)
        model.out.weight.data += 1e-12
    write(name, model, named, dtype)
stack = nn.Sequential(nn.BatchNorm1d(6, eps=0.01), nn.Linear(6, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 5), nn.LeakyReLU(0.2),
                      nn.BatchNorm1d(5, affine=False), nn.Dropout(0.5), nn.Linear(5, 3))
write("stack", settle(stack, 5), {"input_count": 6, "layers": [
    {"name": "0", "kind": "batch_norm", "epsilon": 0.01, "activation": "linear"}, {"name": "1", "units": 6, "activation": "linear"},
    {"name": "2", "kind": "batch_norm", "epsilon": 1e-5, "activation": "relu"}, {"name": "4", "kind": "dense", "activation": "leaky_relu(0.2)"},
    {"name": "6", "kind": "batch_norm", "epsilon": 1e-5, "activation": "linear"}, {"name": "8", "units": 3, "activation": "linear"}]})
# For the command line: a network that takes states.
states = settle(nn.Sequential(nn.Linear(100, 3), nn.ReLU(), nn.Linear(3, 4)), 6)
save_file(states.state_dict(), here / "torch_100.safetensors")
torch.save(states.state_dict(), here / "torch_pickle.pt")
