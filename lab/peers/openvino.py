"""OpenVINO on the CPU, for latency. Option "" computes in f32; "default" as it comes: bf16 where the CPU has it."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != here]  # this file bears the engine's name
import openvino as engine

sys.path.append(here)
import peer


def open_model(model, threads, option):
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
                "ENABLE_CPU_PINNING": False}
    if option != "default":
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    core = engine.Core()
    compiled = core.compile_model(core.read_model(model), "CPU", settings)
    request = compiled.create_infer_request()

    def call(feed):
        results = request.infer(feed, share_inputs=True, share_outputs=True)
        return [results[output] for output in compiled.outputs]
    return call


peer.serve(open_model, engine.__version__.split("-")[0])
