"""ONNX Runtime, CPU provider, all graph optimisations, f32."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != here]  # this file bears the engine's name
import onnxruntime as engine

sys.path.append(here)
import peer


def open_model(model, threads, option):
    options = engine.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    session = engine.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda feed: session.run(None, feed)


peer.serve(open_model, engine.__version__)
