#!/bin/sh
# Feeds damaged models to the reader until one breaks it or Ctrl-C; FUZZ_SECONDS=60 stops by itself.
# What was found interesting stays in build/fuzz/corpus, what broke it in build/fuzz/crash-*.
set -eu
cd "$(dirname "$0")/.."
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz
cmake --build build/fuzz --target fuzz_read_onnx
mkdir -p build/fuzz/corpus
exec build/fuzz/tests/fuzz/fuzz_read_onnx -max_total_time="${FUZZ_SECONDS:-0}" -timeout=10 -rss_limit_mb=4096 \
  -artifact_prefix=build/fuzz/ build/fuzz/corpus models
