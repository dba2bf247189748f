"""Accuracy of Tulle's answers and of ONNX Runtime's on the same images, and how far apart they are.
   demo_accuracy.py MODEL IMAGES.npz LABELS.npy ANSWERS.npz"""
import sys

import numpy as np
import onnxruntime


def main(model, images, labels, answers):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    output = session.get_outputs()[0].name
    inputs, truth, ours = dict(np.load(images)), np.load(labels), np.load(answers)[output]
    theirs = session.run([output], inputs)[0]
    for engine, scores in (("Tulle", ours), (f"ONNX Runtime {onnxruntime.__version__}", theirs)):
        right = int((scores.argmax(axis=1) == truth).sum())
        print(f"  {engine:<24} {right} of {len(truth)} right, {100 * right / len(truth):.1f} %")
    apart = np.abs(ours - theirs).max() / np.abs(theirs).max()
    print(f"  largest difference       {apart:.1e} of the largest output")
    return 0 if apart <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
