# Thin: scripts/setup.sh installs, CMakePresets.json says how to build, ctest tests.
.DEFAULT_GOAL := help
.PHONY: help setup build test asan demo bench peers lab fuzz check clean
JOBS ?= $(shell nproc)
LAB ?= dlmc
LAB_PEERS := mkl,onednn,openblas,eigen,libxsmm,scipy,torch
SANITIZED := formats io choice library passes kernels runtime lab cli
space := $() $()

help:   ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 14

setup:  ## install what the build and the tests need (apt, then a Python venv in .venv); only what is missing
	@scripts/setup.sh system
	@scripts/setup.sh python tests
	@echo "setup: all that the build and the tests need is there"

build:  ## the release build: build/tulle
	@scripts/setup.sh system
	@test -f build/build.ninja || cmake --preset release
	@cmake --build build -j $(JOBS) --target tulle_cli

asan:   ## the tests of what reads files and computes, under AddressSanitizer and UBSan
	@scripts/setup.sh system
	@test -f build/asan/build.ninja || cmake --preset asan
	@cmake --build build/asan -j $(JOBS) --target $(SANITIZED:%=%_test)
	@ctest --test-dir build/asan -j $(JOBS) --output-on-failure -R '^($(subst $(space),|,$(SANITIZED)))$$'

test: setup build asan  ## every test
	@cmake --build build -j $(JOBS)
	@ctest --test-dir build -j $(JOBS) --output-on-failure

demo: build  ## a really pruned model on real data: layer table, accuracy, speed beside ONNX Runtime
	@scripts/setup.sh python onnxruntime
	@scripts/demo.sh

peers: build  ## install what `tulle bench --against` and `tulle lab` compare with (PEERS_TORCH=1: PyTorch too, 2 GB)
	@scripts/setup.sh peers
	@scripts/setup.sh python onnxruntime openvino lab $(if $(PEERS_TORCH),torch)
	@cmake -DTULLE_PEERS=ON build | grep -i 'peer.*left out' || true
	@cmake --build build -j $(JOBS) --target lab_peers
	@build/tulle doctor
	@build/tulle lab peers

lab: peers  ## the tables of the kernels beside all peers: build/lab/dlmc.html (LAB=survey-mini for a minute's worth)
	@build/tulle lab run $(LAB) --peers $(LAB_PEERS) --threads 1,2 --out build/lab/$(LAB)
	@build/tulle lab report build/lab/$(LAB) --html build/lab/$(LAB).html

bench: build  ## the benchmark of the README, beside ONNX Runtime (BENCH="--only resnet50" for a part)
	@scripts/setup.sh python tests onnxruntime
	@.venv/bin/python bench/run.py $(BENCH)

fuzz:   ## read damaged models (FUZZ=matrix: matrices) until stopped (libFuzzer, ASan, UBSan); FUZZ_SECONDS=60 stops by itself
	@scripts/setup.sh system
	@scripts/setup.sh fuzz
	@scripts/fuzz.sh

check:  ## the rules of ARCHITECTURE.md that scripts can check
	@for script in scripts/check_*.py; do python3 $$script || exit 1; done

clean:  ## remove what was built (not what was installed)
	rm -rf build
