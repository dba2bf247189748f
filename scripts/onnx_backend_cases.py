"""Writes ONNX's own node tests as files: OUTDIR/<case>/{model.onnx, inputs.npz, outputs.npz}.

The arrays are in the graph's order. Chosen are the cases of ai.onnx whose inputs and outputs are tensors of
numbers or bool, and whose answer is not random.
Does nothing when OUTDIR holds the cases of this version of onnx already.
"""
import hashlib
import pathlib
import shutil
import sys
import warnings

import numpy as np
import onnx

NAMES = "float16 float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 bool"
TYPES = {np.dtype(name) for name in NAMES.split()}
RANDOM = ("test_bernoulli", "test_training_dropout")


def arrays(values, names):
    """One array for each name; None when a value is a sequence, absent or of another type."""
    found = [np.asarray(v) for v in values if isinstance(v, (np.ndarray, np.generic))]
    fits = len(found) == len(values) == len(names) and all(a.dtype in TYPES for a in found)
    return found if fits else None


def chosen(case):
    model = case.model
    return (model is not None and case.data_sets and not case.name.startswith(RANDOM)
            and all(imported.domain in ("", "ai.onnx") for imported in model.opset_import)
            and not model.functions)


def write(case, out):
    graph, count = case.model.graph, 0
    for number, (inputs, outputs) in enumerate(case.data_sets):
        given, wanted = arrays(inputs, graph.input), arrays(outputs, graph.output)
        if given is None or wanted is None:
            continue
        folder = out / (case.name + (f"_{number}" if number else ""))
        folder.mkdir()
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        np.savez(folder / "inputs.npz", *given)
        np.savez(folder / "outputs.npz", *wanted)
        count += 1
    return count


def main():
    out = pathlib.Path(sys.argv[1])
    stamp = out / "complete"
    version = onnx.__version__ + " " + hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == version:
        return
    warnings.simplefilter("ignore")  # the cases divide by zero and overflow on purpose
    from onnx.backend.test.case.node import collect_testcases
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    count = sum(write(case, out) for case in collect_testcases(None) if chosen(case))
    stamp.write_text(version)
    print(f"onnx {onnx.__version__}: {count} cases in {out}")


if __name__ == "__main__":
    main()
