"""Runs exported graphs in half precision on Qualcomm's emulation of its NPU (HTP), which comes with `onnxruntime-qnn`.

Usage: emulate_htp.py FOLDER...

The first shot from end to end, the recurrent state included; root mean square and largest difference over the largest
value. The emulation tells what the arithmetic costs and that the compiler takes the graphs, not how fast a chip is. Exit
code 1 above LIMIT.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import onnxruntime_qnn

from check import Part, difference, follow

# Of the largest value; half precision has 11 bits, and the state carries errors from move to move.
LIMIT = 0.02
# Of a Snapdragon 8 Gen 3: half precision must be told for which chip.
CHIP = "57"


def place(folder, name, part):
    """The same graph on the emulated NPU alone."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    devices = [d for d in onnxruntime.get_ep_devices() if d.ep_name == "QNN"]
    backend = {"backend_path": onnxruntime_qnn.get_qnn_htp_path(), "soc_model": CHIP, "enable_htp_fp16_precision": "1"}
    options.add_provider_for_devices(devices, backend)
    part.session = onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), options)
    assert "QNN" in part.session.get_providers(), "it fell back"


def main():
    """See the top of this file."""
    onnxruntime.register_execution_provider_library("QNN", onnxruntime_qnn.get_library_path())
    failed = False
    for folder in map(Path, sys.argv[1:]):
        manifest = json.loads((folder / "manifest.json").read_text())
        parts = {p["name"]: Part(folder, p) for p in manifest["parts"]}
        origin = np.load(folder / manifest["from"])
        for name, part in parts.items():
            place(folder, name, part)
        for shot in manifest["shots"][:1]:
            due = parts["later"].expected[slice(*shot["rows"]["later"])]
            found = follow(parts, origin, shot["rows"])[1]
            worst, rms = difference(found, due), np.sqrt(((found - due) ** 2).mean(0)).max() / np.abs(due).max()
            print(f"{folder.name}, {shot['source']}: {100 * rms:.2f} % rms, {100 * worst:.2f} % at worst", flush=True)
            failed |= not worst <= LIMIT
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
