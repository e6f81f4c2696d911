"""What 8 bits cost: quantizes the graphs of `moldlab export-onnx` with their calibration set, as vendor compilers do.

Usage: quantize.py FOLDER

Static, symmetric 8-bit weights per output channel, activations in 8 or 16 bits, by ONNX Runtime's own tool. Calibrated on
every other shot, measured on the rest: root mean square over the largest value. Needs what check.py needs.
"""

import json
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from check import Part, follow

ROWS = 600


class Rows(CalibrationDataReader):
    """Rows of a part, spread over the calibration shots."""

    def __init__(self, part, numbers):
        numbers = numbers[:: max(1, len(numbers) // ROWS)]
        self.rows = iter([{k: v.reshape(1, -1) for k, v in part.row(i).items()} for i in numbers])

    def get_next(self):
        """The next row, or nothing."""
        return next(self.rows, None)


def numbers(shots, name):
    """Rows of a part on some shots."""
    return [i for shot in shots for i in range(*shot["rows"][name])]


def error(found, due):
    """Root mean square of the worst output, in percent of the largest value."""
    return 100 * float(np.sqrt(((np.array(found) - due) ** 2).mean(0)).max() / np.abs(due).max())


def main():
    """See the top of this file."""
    folder = Path(sys.argv[1])
    logging.disable(logging.WARNING)
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = {p["name"]: Part(folder, p) for p in manifest["parts"]}
    floats = {name: part.session for name, part in parts.items()}
    origin = np.load(folder / manifest["from"])
    train, test = manifest["shots"][::2], manifest["shots"][1::2]
    print(f"{folder.name}: percent of the largest value, {len(test)} shots")
    print("activations  quantized                    front   fill  readings of whole shots")
    for kind in [QuantType.QInt8, QuantType.QInt16]:
        for chosen in [["front", "fill"], ["start", "later"], ["cell"]]:
            for name, part in parts.items():
                part.session = floats[name]
            for name in chosen:
                with tempfile.TemporaryDirectory() as scratch:
                    path = f"{scratch}/{name}.onnx"
                    quantize_static(
                        folder / f"{name}.onnx", path, Rows(parts[name], numbers(train, name)),
                        quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=kind, weight_type=QuantType.QInt8,
                    )
                    parts[name].session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            figures = []
            for name in ["front", "fill"]:
                rows = numbers(test, name)
                figures.append(error([parts[name].run(**parts[name].row(i)) for i in rows], parts[name].expected[rows]))
            whole = []
            for shot in test:
                due = parts["later"].expected[slice(*shot["rows"]["later"])]
                whole.append(error(follow(parts, origin, shot["rows"])[1], due))
            print(f"{kind.name:12s} {', '.join(chosen):26s} {figures[0]:7.2f} {figures[1]:6.2f} {np.mean(whole):8.2f}", flush=True)


if __name__ == "__main__":
    main()
