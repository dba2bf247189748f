"""The comparison protocol, for engines with a Python interface: one JSON object a line on standard input, one a line
on standard output. A peer is a file beside this one: it defines VERSION and open(model, threads, option), which returns
a function from {name: array} to a list of arrays, and ends with peer.serve(open, VERSION).

  {"cmd": "load", "model": FILE, "threads": T, "inputs": NPZ, "outputs": NPZ, "cpus": [..], "option": TEXT}
      -> {"load_s", "first_ms", "base_rss_mib", "version"}; the outputs are written as arr_0, arr_1, ...
  {"cmd": "run", "runs": N} or {"cmd": "run", "ms": M}   -> {"ms": [..]}, after one untimed run
  {"cmd": "end"}                                         -> {"peak_rss_mib"}
  whatever fails                                         -> {"error": TEXT}
"""
import json
import os
import sys
import time

import numpy as np


def memory_mib(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


def pin(cpus):
    """Moves every thread of this process: engines start theirs while loading."""
    for task in os.listdir("/proc/self/task"):
        try:
            os.sched_setaffinity(int(task), cpus)
        except OSError:
            pass


class Served:
    def __init__(self, open_model, version):
        self.open_model, self.version = open_model, version
        self.call = self.feed = self.cpus = None

    def load(self, job):
        self.cpus = job.get("cpus")
        with np.load(job["inputs"]) as arrays:
            self.feed = {name: np.ascontiguousarray(arrays[name]) for name in arrays.files}
        base, start = memory_mib("VmRSS"), time.perf_counter()
        self.call = self.open_model(job["model"], job.get("threads", 1), job.get("option", ""))
        load = time.perf_counter() - start
        start = time.perf_counter()
        outputs = self.call(self.feed)
        first = time.perf_counter() - start
        np.savez(job["outputs"], *[np.asarray(array) for array in outputs])
        return {"load_s": load, "first_ms": first * 1e3, "base_rss_mib": base, "version": self.version}

    def run(self, job):
        if self.cpus:
            pin(self.cpus)
        self.call(self.feed)
        times, clock = [], time.perf_counter
        end = clock() + job.get("ms", 0) / 1e3
        while len(times) < job["runs"] if job.get("runs") else len(times) < 2 or clock() < end:
            start = clock()
            self.call(self.feed)
            times.append((clock() - start) * 1e3)
        return {"ms": times}

    def end(self, job):
        return {"peak_rss_mib": memory_mib("VmHWM")}


def serve(open_model, version):
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what an engine prints must not meet the answers
    served = Served(open_model, version)
    for line in sys.stdin:
        job = {}
        try:
            job = json.loads(line)
            answer = {"load": served.load, "run": served.run, "end": served.end}[job["cmd"]](job)
        except Exception as error:  # an engine's failure is a result of the comparison
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        answers.write(json.dumps(answer) + "\n")
        if job.get("cmd") == "end":
            os._exit(0)
