"""Runs folders of `moldlab export-onnx` in ONNX Runtime and compares with what the cpu kernel answered.

Usage: check.py [--tolerance SHARE] FOLDER...

Every part is asked for every row, and every shot is followed with a recurrent state of its own: `start` once, `cell` from
move to move, `later` on the state that came out. Differences count over the largest value of the output on the shot.
Exit code 1 when one is above the tolerance (that of the manifest, unless given), 2 when a folder is damaged.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

# What compilers of every vendor know.
PLAIN = {"Gemm", "Sigmoid", "Tanh", "Softplus", "Exp", "Clip", "Add", "Sub", "Mul"}
OPSETS = range(13, 18)


class Part:
    """A graph with the rows that it met."""

    def __init__(self, folder, about):
        path = folder / about["file"]
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != about["sha256"]:
            raise SystemExit(f"{path}: not the file of the manifest")
        model = onnx.load_from_string(data)
        onnx.checker.check_model(model, full_check=True)
        assert model.opset_import[0].version in OPSETS, path
        assert {n.op_type for n in model.graph.node} <= PLAIN, path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])
        for port, value in zip(about["inputs"], self.session.get_inputs(), strict=True):
            assert (port["name"], port["shape"]) == (value.name, value.shape), path
        self.inputs = {p["name"]: np.load(folder / p["file"]) for p in about["inputs"]}
        self.expected = np.load(folder / about["outputs"][0]["file"])

    def run(self, **rows):
        """One row through the graph."""
        return self.session.run(None, {k: v.reshape(1, -1) for k, v in rows.items()})[0][0]

    def row(self, i):
        """Inputs of a row."""
        return {name: values[i] for name, values in self.inputs.items()}


def difference(found, expected):
    """Largest difference over the largest value; not a number counts as infinite."""
    worst = np.abs(np.asarray(found) - expected).max()
    return float(worst / np.abs(expected).max()) if np.isfinite(worst) else np.inf


def follow(parts, origin, rows):
    """States and readings of a shot whose recurrent state ONNX Runtime keeps to itself."""
    cell, later = parts["cell"], parts["later"]
    first = parts["start"].run(**parts["start"].row(rows["start"][0]))
    states = []
    for i in range(*rows["cell"]):
        before = first if origin[i] < 0 else states[origin[i]]
        states.append(cell.run(**{**cell.row(i), "state": before}))
    # A reading follows the last move before it: its row begins with the state that the cpu kernel had then.
    readings, known = [], cell.expected[slice(*rows["cell"])]
    begin, width, at = parts["start"].expected[rows["start"][0]], len(first), -1
    for i in range(*rows["later"]):
        x = later.row(i)["x"].copy()
        while not np.array_equal(known[at] if at >= 0 else begin, x[:width]):
            at += 1
        x[:width] = states[at] if at >= 0 else first
        readings.append(later.run(x=x))
    return np.array(states), np.array(readings)


def check(folder):
    """Names and differences of everything in a folder, and its tolerance."""
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = {p["name"]: Part(folder, p) for p in manifest["parts"]}
    origin = np.load(folder / manifest["from"])
    found = {}
    for name, part in parts.items():
        rows = range(len(part.expected))
        found[f"{name}, {len(rows)} rows"] = difference([part.run(**part.row(i)) for i in rows], part.expected)
    worst = {"state": 0.0, "readings": 0.0}
    for shot in manifest["shots"]:
        states, readings = follow(parts, origin, shot["rows"])
        for name, values, part in [("state", states, "cell"), ("readings", readings, "later")]:
            due = parts[part].expected[slice(*shot["rows"][part])]
            worst[name] = max(worst[name], difference(values, due))
    for name, value in worst.items():
        found[f"{name} of {len(manifest['shots'])} whole shots"] = value
    return found, manifest["tolerance"]


def main():
    """See the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tolerance", type=float)
    parser.add_argument("folders", nargs="+", type=Path)
    args = parser.parse_args()
    failed = False
    for folder in args.folders:
        found, tolerance = check(folder)
        tolerance = tolerance if args.tolerance is None else args.tolerance
        print(f"{folder.name}: ONNX Runtime {onnxruntime.__version__}, {tolerance:.0e} is allowed")
        for name, value in found.items():
            print(f"  {value:8.1e}  {name}{'' if value <= tolerance else '  TOO FAR'}")
            failed |= not value <= tolerance
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
