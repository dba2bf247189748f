// Intel MKL: CSR through the inspector-executor interface with a hint for products, and sgemm with A packed.
#include <mkl.h>
#include <fstream>
#include "peer.hpp"

namespace {
using namespace tulle;

void must(sparse_status_t status, const char* what) {
  if (status != SPARSE_STATUS_SUCCESS) throw Error(what, "fails with status " + std::to_string(status));
}

// MKL loads the library of the code path that it takes: libmkl_def is the generic one (SSE2), as on AMD.
std::string path_taken() {
  std::ifstream maps("/proc/self/maps");
  std::string found;
  for (std::string line; std::getline(maps, line);)
    for (const char* path : {"mkl_def", "mkl_mc3", "mkl_avx2", "mkl_avx512"})
      if (line.find(std::string("lib") + path + ".so") != line.npos) found = path;
  return found.empty() ? "" : "code path " + found + (found == "mkl_def" ? " (generic, SSE2)" : "");
}

class MklCsr final : public lab::peer::F32Product {
 public:
  explicit MklCsr(const lab::Job& p) : F32Product(p), offsets_(lab::peer::narrow_offsets(p.a)) {
    mkl_set_num_threads(p.threads);
    const auto& a = p.a;
    must(mkl_sparse_s_create_csr(&a_, SPARSE_INDEX_BASE_ZERO, m(), k(), offsets_.data(), offsets_.data() + 1,
                                 const_cast<int*>(a.columns.data()), const_cast<float*>(a.values.data())), "mkl_sparse_s_create_csr");
    if (p.n > 1)
      must(mkl_sparse_set_mm_hint(a_, SPARSE_OPERATION_NON_TRANSPOSE, kGeneral, layout(), n(), kCalls), "mkl_sparse_set_mm_hint");
    else
      must(mkl_sparse_set_mv_hint(a_, SPARSE_OPERATION_NON_TRANSPOSE, kGeneral, kCalls), "mkl_sparse_set_mv_hint");
    must(mkl_sparse_optimize(a_), "mkl_sparse_optimize");
  }
  ~MklCsr() override { mkl_sparse_destroy(a_); }
  void run() override {
    const int ldb = p_.tokens() ? k() : n(), ldc = p_.tokens() ? m() : n();
    const auto status = p_.n > 1 ? mkl_sparse_s_mm(SPARSE_OPERATION_NON_TRANSPOSE, 1, a_, kGeneral, layout(), b_, n(), ldb, 0, c(), ldc)
                                 : mkl_sparse_s_mv(SPARSE_OPERATION_NON_TRANSPOSE, 1, a_, kGeneral, b_, 0, c());
    must(status, "mkl_sparse_s_mm");
  }
  std::string note() override { return path_taken(); }

 private:
  static constexpr int kCalls = 100'000;
  static constexpr matrix_descr kGeneral{SPARSE_MATRIX_TYPE_GENERAL, SPARSE_FILL_MODE_LOWER, SPARSE_DIAG_NON_UNIT};
  sparse_layout_t layout() const { return p_.tokens() ? SPARSE_LAYOUT_COLUMN_MAJOR : SPARSE_LAYOUT_ROW_MAJOR; }
  std::vector<int> offsets_;
  sparse_matrix_t a_ = nullptr;
};

class MklDense final : public lab::peer::F32Product {
 public:
  explicit MklDense(const lab::Job& p) : F32Product(p) {
    mkl_set_num_threads(p.threads);
    const std::vector<float> a = lab::peer::dense(p.a);
    if (p.tokens()) {
      a_.resize(cblas_sgemm_pack_get_size(CblasBMatrix, n(), m(), k()) / sizeof(float) + kSlack);
      cblas_sgemm_pack(CblasRowMajor, CblasBMatrix, CblasTrans, n(), m(), k(), 1, a.data(), k(), a_.data());
    } else {
      a_.resize(cblas_sgemm_pack_get_size(CblasAMatrix, m(), n(), k()) / sizeof(float) + kSlack);
      cblas_sgemm_pack(CblasRowMajor, CblasAMatrix, CblasNoTrans, m(), n(), k(), 1, a.data(), k(), a_.data());
    }
  }
  void run() override {
    if (p_.tokens())
      cblas_sgemm_compute(CblasRowMajor, CblasNoTrans, CblasPacked, n(), m(), k(), b_, k(), a_.data(), k(), 0, c(), m());
    else
      cblas_sgemm_compute(CblasRowMajor, CblasPacked, CblasNoTrans, m(), n(), k(), a_.data(), k(), b_, n(), 0, c(), n());
  }
  std::string note() override { return path_taken(); }

 private:
  static constexpr std::size_t kSlack = 64;
  std::vector<float> a_;
};

}  // namespace

int main() {
  MKLVersion v;
  mkl_get_version(&v);
  const std::string version = std::to_string(v.MajorVersion) + "." + std::to_string(v.UpdateVersion);
  return lab::peer::run({version, {{"spmm", "mkl_csr", lab::peer::make<MklCsr>}, {"aggregate", "mkl_csr", lab::peer::make_sum<MklCsr>}, {"spmm", "mkl_dense", lab::peer::make<MklDense>}}});
}
