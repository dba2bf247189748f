"""SciPy's CSR product; it has one thread."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != here]  # this file bears the library's name
import numpy
import scipy
import scipy.sparse

sys.path.append(os.path.dirname(here))
import product


def csr(job, a, b):
    if job.get("threads", 1) > 1:
        raise product.Refused("has one thread")
    matrix = scipy.sparse.csr_matrix((a["data"], a["indices"], a["indptr"]), shape=tuple(a["shape"]))
    if job["order"] == "tokens":
        columns = b.T
        return lambda: (matrix @ columns).T
    return lambda: matrix @ b


def vector(job, a, b):
    call = csr(job, a, b[:, 0])
    return product.with_result(call, lambda: call()[:, None])


def sums(job, a, b):
    if job["parameters"]["reduction"] != 0:
        raise product.Refused("knows sums only")
    return csr(job, a, b)


def squared(job, a):
    """A A, or A A^T; SciPy leaves columns as they come."""
    if job.get("threads", 1) > 1 or job["parameters"]["values_only"] != 0:
        raise product.Refused("has one thread and finds pattern and values together")
    matrix = scipy.sparse.csr_matrix((a["data"], a["indices"], a["indptr"]), shape=tuple(a["shape"]))
    other = matrix if a["shape"][0] == a["shape"][1] else matrix.T.tocsr()

    def checked():
        result = matrix @ other
        result.sort_indices()
        return result.data

    call = lambda: matrix @ other
    return product.with_result(call, checked)


def network(job, a, x):
    """Layers one below the other; 1 for images of which something is left."""
    if job.get("threads", 1) > 1:
        raise product.Refused("has one thread")
    rows, neurons = (int(s) for s in a["shape"])
    whole = scipy.sparse.csr_matrix((a["data"], a["indices"], a["indptr"]), shape=(rows, neurons))
    layers = [whole[first:first + neurons] for first in range(0, rows, neurons)]
    bias = numpy.float32(job["parameters"]["bias"])

    def call():
        y = x
        for layer in layers:
            y = numpy.clip(layer @ y - bias, 0, 32)
        return (y > 0).any(axis=0)

    return call


product.serve([product.Offer("spmm", "scipy_csr", csr), product.Offer("spmv", "scipy_csr", vector),
               product.Offer("aggregate", "scipy_csr", sums), product.Offer("spgemm", "scipy_csr", squared),
               product.Offer("radixnet", "scipy_csr", network)], scipy.__version__)
