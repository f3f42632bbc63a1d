"""Gives files that point into other files to every command that reads files, and watches the other files: none may be opened.

Run: python links.py PROGRAMS   (PROGRAMS is the folder that they are in; Linux, for inotify)

In a recording, a states file, a checkpoint and a training state made here, each data set in turn becomes an external link, a soft link to
an external link, a data set in external storage or a virtual data set, and each group a link; the bytes pointed to are the right ones, so
that a program that followed would end well. Every command that reads the file is run (recover on a copy that says it is unfinished).
Prints counts by kind, and every run that opened the other file or ended in another way than with exit code 1 or 2 and one sentence.
"""

import ctypes
import os
import shutil
import sys
import tempfile

import h5py

from common import Programs, Tally, must, run

programs = Programs(sys.argv[1])
TRAIN = "frogtoad train s.h5 --hidden 6,6 --learning-rate 1e-3 -o net --epochs"
MIRRORSCOPE = {
    "inspect": "", "validate": "", "stats": "", "divergence": "", "correlate": "", "circuit": "", "audit": "", "cmni": "", "units": "",
    "similarity": "", "ablate": "--top 1 --controls 10 --bootstrap 10", "decode": "",
}
COMMANDS = {
    "r.h5": [f"mirrorscope {name} r.h5 {options}" for name, options in MIRRORSCOPE.items()] + ["mirrorscope recover r.h5 -o back.h5"],
    "s.h5": ["frogtoad inspect s.h5", "frogtoad record net/epoch-001.h5 --states s.h5 -o out.h5", TRAIN + " 2 --force"],
    "net/epoch-001.h5": ["frogtoad record net/epoch-001.h5 --states s.h5 -o out.h5"],
    "net/state.h5": [TRAIN + " 3 --resume"],
}
OPENED = 0x20 | 0x1  # IN_OPEN | IN_ACCESS
libc = ctypes.CDLL(None, use_errno=True)


def raw(dataset, other):
    """Stores the values of a data set in a file as they lie in memory."""
    with open(other, "wb") as file:
        file.write(dataset[...].tobytes())


def point(path, name, kind, other):
    """Replaces an object of a file by one that points into `other`, which holds the same."""
    with h5py.File(path, "r+") as file:
        item = file[name]
        if kind in ("external link", "soft link to an external link", "virtual data set"):
            shutil.copy(path, other)
        if kind == "external link":
            del file[name]
            file[name] = h5py.ExternalLink(other, "/" + name)
        elif kind == "soft link to an external link":
            del file[name]
            file["elsewhere"] = h5py.ExternalLink(other, "/" + name)
            file[name] = h5py.SoftLink("/elsewhere")
        else:
            datatype, shape, attributes = item.id.get_type(), item.shape, dict(item.attrs)
            if kind == "external storage":
                raw(item, other)
                bytes_ = max(1, item.dtype.itemsize * item.size)
                del file[name]
                creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                creation.set_external(os.fsencode(other), 0, bytes_)
                h5py.h5d.create(file.id, name.encode(), datatype, h5py.h5s.create_simple(shape), creation)
            else:
                layout = h5py.VirtualLayout(shape, dtype=item.dtype)
                layout[...] = h5py.VirtualSource(other, "/" + name, shape)
                del file[name]
                file.create_virtual_dataset(name, layout)
            for key, value in attributes.items():
                if key not in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates"):
                    file[name].attrs[key] = value


def parts(path):
    """Names of the groups, and of the data sets that have a shape to be pointed to."""
    groups, datasets = [], []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: (groups if isinstance(item, h5py.Group) else datasets).append(name))
        return groups, [name for name in datasets if file[name].shape and file[name].dtype.kind not in "OV"]


def trial(file, name, kind):
    with tempfile.TemporaryDirectory(prefix="links-") as parent:
        other = os.path.join(parent, "other")
        for line in COMMANDS[file]:
            folder = os.path.join(parent, "at")
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(base, folder)
            point(os.path.join(folder, file), name, kind, other)
            if " recover " in line:
                with h5py.File(os.path.join(folder, file), "r+") as unfinished:
                    unfinished.attrs["complete"] = 0
            watch = libc.inotify_init1(os.O_NONBLOCK)
            assert watch >= 0 and libc.inotify_add_watch(watch, os.fsencode(other), OPENED) >= 0
            ended = run(programs.words(line.strip() + " --quiet"), folder, 20)
            try:
                was_opened = bool(os.read(watch, 4096))
            except BlockingIOError:
                was_opened = False
            os.close(watch)
            command = " ".join(line.split()[:2])
            facts = (file, name, command, ended.code, ended.errors[:160])
            tally.add(f"runs with: {kind}")
            if was_opened:
                tally.fail(f"the other file was opened: {kind}", *facts)
            if ended.crashed or ended.code == "hang":
                tally.fail("crash or hang", *facts)
            elif ended.code == 0:
                unread.add((file, command))
                tally.add(f"{kind}: not needed, answered without it")
            elif ended.code in (1, 2) and (ended.is_sentence or " validate " in line):
                tally.add(f"{kind}: refused")
            else:
                tally.fail("ended in another way", *facts)


tally, unread = Tally(), set()
base = tempfile.mkdtemp(prefix="links-base-")
try:
    for line in ("frogtoad generate --states 3000 --test 300 --seed 1 -o s.h5", TRAIN + " 2",
                 "frogtoad record net/epoch-001.h5 --states s.h5 -o r.h5"):
        must(programs.words(line), base)
    for file in COMMANDS:
        groups, datasets = parts(os.path.join(base, file))
        for name in groups:
            for kind in ("external link", "soft link to an external link"):
                trial(file, name, kind)
        for name in datasets:
            for kind in ("external link", "soft link to an external link", "external storage", "virtual data set"):
                trial(file, name, kind)
finally:
    shutil.rmtree(base)
print("answered without the part:", "; ".join(sorted(f"{command} of {file}" for file, command in unread)))
tally.report()
