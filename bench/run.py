"""Times the cases of bench/cases.tsv beside ONNX Runtime and prints the table of the README.
   run.py [--models FOLDER] [--against PEERS] [--only WORD]
--models: where files named like the cases lie, before models/ and what bench/models.py makes; e.g. real weights.
--only: the cases whose line contains WORD. Every result is kept as JSON in build/bench/."""
import argparse
import json
import pathlib
import subprocess
import sys
import time

import models

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "build/bench"


def model_file(name, folder):
    for place in (folder, ROOT / "models"):
        if place and (place / f"{name}.onnx").is_file():
            return place / f"{name}.onnx"
    made = OUT / "models" / f"{name}.onnx"
    if not made.is_file():
        models.make(made)
    return made


def measure(name, shapes, threads, options):
    result = OUT / f"{name}-{shapes.split(',')[0].split(':')[1]}-t{threads}.json"
    command = [ROOT / "build/tulle", "bench", model_file(name, options.models), "--shapes", shapes,
               "--threads", threads, "--against", options.against, "--json", result]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return json.loads(result.read_text()) if done.returncode == 0 else done.stderr.strip()


def row(name, shapes, threads, report, peers):
    label = f"| {name} | {shapes.split(',')[0].split(':')[1]} | {threads} |"
    if isinstance(report, str):
        return f"{label} {report} |"
    ours = report["latency_ms"]["min"]
    cells = []
    for peer in peers:
        theirs = report.get("peers", {}).get(peer, {}).get("latency_ms", {}).get("min")
        cells.append(f"{theirs:.3g} | {theirs / ours:.2f}" if theirs else "- | -")
    return f"{label} {ours:.3g} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path)
    parser.add_argument("--against", default="tulle:dense,onnxruntime")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    peers = options.against.split(",")
    print("Milliseconds, f32: minima of interleaved runs; the ratio is the peer's time by Tulle's.\n")
    print("| model | shape | threads | Tulle | " + " | ".join(f"{peer} | ratio" for peer in peers) + " |")
    print("|---|---|--:|--:|" + "--:|--:|" * len(peers), flush=True)
    last = {}
    for line in (ROOT / "bench/cases.tsv").read_text().splitlines():
        if not line.startswith("#") and options.only in line:
            case = line.split("\t")
            report = measure(*case, options)
            print(row(*case, report, peers), flush=True)
            last = report if isinstance(report, dict) else last
    versions = [f"{name} {peer.get('version', '?')}" for name, peer in last.get("peers", {}).items()]
    print(f"\n{time.strftime('%Y-%m-%d')}, {last.get('machine', {}).get('cpu', '?')}, {', '.join(versions)}")


if __name__ == "__main__":
    sys.exit(main())
