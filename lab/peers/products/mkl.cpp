// Intel MKL: CSR through the inspector-executor interface with a hint for products, and sgemm with A packed.
#include <mkl.h>
#include <fstream>
#include <utility>
#include "peer.hpp"
#include "tulle/formats.hpp"

namespace {
using namespace tulle;

constexpr matrix_descr kGeneral{SPARSE_MATRIX_TYPE_GENERAL, SPARSE_FILL_MODE_LOWER, SPARSE_DIAG_NON_UNIT};

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
  sparse_layout_t layout() const { return p_.tokens() ? SPARSE_LAYOUT_COLUMN_MAJOR : SPARSE_LAYOUT_ROW_MAJOR; }
  std::vector<int> offsets_;
  sparse_matrix_t a_ = nullptr;
};

// C = A B, all sparse, of which a run finds pattern and values, or values alone.
class MklSparse final : public lab::Contender {
 public:
  explicit MklSparse(const lab::Job& job) : values_only_(job.parameter("values_only") != 0), a_(job.a), b_(second_of(job.a)) {
    mkl_set_num_threads(job.threads);
    if (values_only_) multiply(SPARSE_STAGE_NNZ_COUNT);
  }
  ~MklSparse() override { forget(); }
  void run() override {
    if (values_only_) return multiply(SPARSE_STAGE_FINALIZE_MULT);
    forget();
    must(mkl_sparse_spmm(SPARSE_OPERATION_NON_TRANSPOSE, a_.handle, b_.handle, &c_), "mkl_sparse_spmm");
  }
  Tensor result() override {
    must(mkl_sparse_order(c_), "mkl_sparse_order");
    sparse_index_base_t base;
    int rows, cols, *begins, *ends, *columns;
    float* values;
    must(mkl_sparse_s_export_csr(c_, &base, &rows, &cols, &begins, &ends, &columns, &values), "mkl_sparse_s_export_csr");
    Tensor out(TensorType{DType::f32, {begins[rows]}});
    std::copy_n(values, begins[rows], out.as_mutable<float>().begin());
    return out;
  }
  std::string note() override { return path_taken(); }

 private:
  struct Handle {
    explicit Handle(const CsrView& m) : matrix(to_csr(m)), offsets(lab::peer::narrow_offsets(m)) {
      must(mkl_sparse_s_create_csr(&handle, SPARSE_INDEX_BASE_ZERO, static_cast<int>(m.rows), static_cast<int>(m.cols), offsets.data(), offsets.data() + 1,
                                   matrix.columns.data(), matrix.values.data()), "mkl_sparse_s_create_csr");
    }
    ~Handle() { mkl_sparse_destroy(handle); }
    Csr matrix;
    std::vector<int> offsets;
    sparse_matrix_t handle = nullptr;
  };
  static Handle second_of(const CsrView& a) { return Handle(a.rows == a.cols ? a : transpose(a).view()); }
  void multiply(sparse_request_t request) {
    must(mkl_sparse_sp2m(SPARSE_OPERATION_NON_TRANSPOSE, kGeneral, a_.handle, SPARSE_OPERATION_NON_TRANSPOSE, kGeneral, b_.handle, request, &c_), "mkl_sparse_sp2m");
  }
  void forget() {
    if (c_) mkl_sparse_destroy(std::exchange(c_, nullptr));
  }
  bool values_only_;
  Handle a_, b_;
  sparse_matrix_t c_ = nullptr;
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
  return lab::peer::run({version, {{"spmm", "mkl_csr", lab::peer::make<MklCsr>}, {"spmv", "mkl_csr", lab::peer::make<MklCsr>},
                                  {"aggregate", "mkl_csr", lab::peer::make_sum<MklCsr>},
                                  {"spgemm", "mkl_csr", lab::peer::make<MklSparse>}, {"spmm", "mkl_dense", lab::peer::make<MklDense>}}});
}
