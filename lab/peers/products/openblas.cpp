// OpenBLAS sgemm with the zeros stored.
#include <cblas-openblas.h>
#include <sstream>
#include "peer.hpp"

namespace {
using namespace tulle;

class OpenBlasDense final : public lab::peer::F32Product {
 public:
  explicit OpenBlasDense(const lab::Job& p) : F32Product(p), a_(lab::peer::dense(p.a)) { openblas_set_num_threads(p.threads); }
  void run() override {
    if (p_.tokens())
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n(), m(), k(), 1, b_, k(), a_.data(), k(), 0, c(), m());
    else
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m(), n(), k(), 1, a_.data(), k(), b_, n(), 0, c(), n());
  }
  std::string note() override { return std::string("kernels for ") + openblas_get_corename(); }

 private:
  std::vector<float> a_;
};
}  // namespace

int main() {
  std::istringstream words(openblas_get_config());  // "OpenBLAS 0.3.21 DYNAMIC_ARCH ..."
  std::string name, version;
  words >> name >> version;
  return lab::peer::run({version, {{"spmm", "openblas_dense", lab::peer::make<OpenBlasDense>}}});
}
