#!/bin/sh
# Feeds damaged models (FUZZ=matrix: matrices) to the reader until one breaks it or Ctrl-C; FUZZ_SECONDS=60 stops by
# itself. What was found interesting stays in build/fuzz/corpus-*, what broke it in build/fuzz/crash-*.
set -eu
cd "$(dirname "$0")/.."
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz
reader=${FUZZ:-onnx}
cmake --build build/fuzz --target "fuzz_read_$reader"
corpus=build/fuzz/corpus-$reader
mkdir -p "$corpus"
[ "$reader" = onnx ] && corpus="$corpus models"
# shellcheck disable=SC2086  # folders are separate words
exec "build/fuzz/tests/fuzz/fuzz_read_$reader" -max_total_time="${FUZZ_SECONDS:-0}" -timeout=10 -rss_limit_mb=4096 \
  -artifact_prefix=build/fuzz/ $corpus
