// LIBXSMM's sparse-dense product: slices of A are made before, as for weights.
#include <libxsmm.h>
#include <omp.h>
#include "peer.hpp"

namespace {
using namespace tulle;

class Spmdm final : public lab::peer::F32Product {
 public:
  explicit Spmdm(const lab::Job& p) : F32Product(p) {
    if (p.tokens()) throw Error(p.kernel, "has no product of tokens");
    libxsmm_spmdm_init(m(), n(), k(), p.threads, &handle_, &slices_);
    const std::vector<float> a = lab::peer::dense(p.a);
    const int blocks = libxsmm_spmdm_get_num_createSparseSlice_blocks(&handle_);
    for (int i = 0; i < blocks; ++i) libxsmm_spmdm_createSparseSlice_fp32_thread(&handle_, 'N', a.data(), slices_, i, 0, 1);
  }
  ~Spmdm() override { libxsmm_spmdm_destroy(&handle_); }
  void run() override {
    const int blocks = libxsmm_spmdm_get_num_compute_blocks(&handle_);
    const float one = 1, zero = 0;
#pragma omp parallel num_threads(p_.threads)
    {
      const int threads = omp_get_num_threads(), thread = omp_get_thread_num();
      for (int i = thread; i < blocks; i += threads)
        libxsmm_spmdm_compute_fp32_thread(&handle_, 'N', 'N', &one, slices_, b_, 'N', &zero, c(), i, thread, threads);
    }
  }
  std::string note() override { return std::string("code for ") + libxsmm_get_target_arch(); }

 private:
  libxsmm_spmdm_handle handle_{};
  libxsmm_CSR_sparseslice* slices_ = nullptr;
};
}  // namespace

int main() {
  libxsmm_init();
  return lab::peer::run({LIBXSMM_VERSION, {{"spmm", "libxsmm_spmdm", lab::peer::make<Spmdm>}}});
}
