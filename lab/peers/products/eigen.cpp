// Eigen's sparse times dense product, row-major CSR; it uses OpenMP's threads by itself.
#include <Eigen/Core>
#include <Eigen/SparseCore>
#include "peer.hpp"

namespace {
using namespace tulle;
using Sparse = Eigen::SparseMatrix<float, Eigen::RowMajor, int>;
using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Columns = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

class EigenCsr final : public lab::peer::F32Product {
 public:
  explicit EigenCsr(const lab::Job& p) : F32Product(p), offsets_(lab::peer::narrow_offsets(p.a)) { Eigen::setNbThreads(p.threads); }
  void run() override { p_.tokens() ? multiply<Columns>() : multiply<Rows>(); }

 private:
  template <class Dense> void multiply() {
    const Eigen::Map<const Sparse> a(m(), k(), p_.a.nnz(), offsets_.data(), p_.a.columns.data(), p_.a.values.data());
    const Eigen::Map<const Dense> b(b_, k(), n());
    Eigen::Map<Dense> out(c(), m(), n());
    out.noalias() = a * b;
  }
  std::vector<int> offsets_;
};
}  // namespace

int main() {
  const std::string version = std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." + std::to_string(EIGEN_MINOR_VERSION);
  return lab::peer::run({version, {{"spmm", "eigen_csr", lab::peer::make<EigenCsr>}, {"aggregate", "eigen_csr", lab::peer::make_sum<EigenCsr>}}});
}
