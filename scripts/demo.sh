#!/bin/sh
# The demo: a vision transformer with 88 % of its weights pruned away, on 1000 handwritten digits.
set -eu
cd "$(dirname "$0")/.."
model=models/mnist5k_vit-s90.onnx
shapes=x:64x1x28x28
out=build/demo
mkdir -p $out
step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "1. What is in $model, and what Tulle chose for each layer (64 images, one thread)"
build/tulle explain $model --shapes $shapes --threads 1

step "2. Are the answers right? 1000 images that it never saw in training"
build/tulle run $model --input models/mnist5k-images.npz --output $out/answers.npz
.venv/bin/python scripts/demo_accuracy.py $model models/mnist5k-images.npz models/mnist5k-labels.npy $out/answers.npz

step "3. How fast? Beside Tulle's own dense path and ONNX Runtime, one thread each, rounds interleaved"
build/tulle bench $model --shapes $shapes --threads 1 --against tulle:dense,onnxruntime --json $out/bench.json

printf '\nMore: build/tulle --help, README.md, make bench. The figures above are in %s/bench.json.\n' $out
