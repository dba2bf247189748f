"""PyTorch's CSR product on the CPU."""
import os
import sys
import warnings

here = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != here]  # this file bears the library's name
import torch

sys.path.append(os.path.dirname(here))
import product

warnings.filterwarnings("ignore")  # that CSR is in beta


def csr(job, a, b):
    torch.set_num_threads(job.get("threads", 1))
    matrix = torch.sparse_csr_tensor(torch.from_numpy(a["indptr"]), torch.from_numpy(a["indices"]).long(),
                                     torch.from_numpy(a["data"]), size=tuple(int(s) for s in a["shape"]))
    dense = torch.from_numpy(b.T if job["order"] == "tokens" else b)
    if job["order"] == "tokens":
        return lambda: (matrix @ dense).T
    return lambda: matrix @ dense


product.serve([product.Offer("spmm", "torch_csr", csr)], torch.__version__)
