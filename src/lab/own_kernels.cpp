#include "lab/own_kernels.hpp"
#include <algorithm>
#include <cstring>
#include "core/bfloat16.hpp"
#include "core/buffer.hpp"
#include "tulle/error.hpp"
#include "tulle/spmm.hpp"

namespace tulle::lab {
namespace {
DenseOrder order_of(const std::string& name) {
  if (name == "tokens") return DenseOrder::tokens;
  return name == "panels" ? DenseOrder::panels : DenseOrder::row_major;
}

// Element (i, j) of a k x n matrix in panels of 16 columns.
std::size_t in_panels(Index i, Index j, Index k) {
  constexpr Index kLanes = 16;
  return static_cast<std::size_t>(j / kLanes * kLanes * k + i * kLanes + j % kLanes);
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Product& p)
      : p_(p), order_(order_of(p.order)), b_(floats(p.a.cols)), c_(floats(p.a.rows)), plan_(make_plan(p, order_)) {
    for (Index i = 0; i < p.a.cols; ++i)
      for (Index j = 0; j < p.n && order_ == DenseOrder::panels; ++j) b_[in_panels(i, j, p.a.cols)] = p.b[i * p.n + j];
    if (order_ != DenseOrder::panels) std::copy_n(p.b, p.a.cols * p.n, b_.data());
    narrow_b();
  }
  void run() override {
    plan_.run(DenseView{b_.data(), p_.a.cols, p_.n, natural_ld(order_, p_.a.cols, p_.n)},
              MutableDenseView{c_.data(), p_.a.rows, p_.n, natural_ld(order_, p_.a.rows, p_.n)});
  }

  Tensor result() override {
    Tensor out(TensorType{DType::f32, p_.tokens() ? Shape{p_.n, p_.a.rows} : Shape{p_.a.rows, p_.n}});
    const auto to = out.as_mutable<float>();
    for (std::size_t i = 0; i < to.size(); ++i)
      to[i] = order_ == DenseOrder::panels ? c_[in_panels(static_cast<Index>(i) / p_.n, static_cast<Index>(i) % p_.n, p_.a.rows)] : c_[i];
    return out;
  }
  std::string note() override { return p_.kernel == "plan" ? "picked " + std::string(plan_.kernel()) : ""; }

 private:
  static SpmmPlan make_plan(const Product& p, DenseOrder order) {
    return plan_spmm(p.a, p.n, {.threads = p.threads, .dtype = p.dtype, .b_order = order, .c_order = order, .cold = p.cold,
                                .kernel = p.kernel == "plan" ? "" : p.kernel});
  }
  /// B's floats are numbers of the type already: in place, as narrow as it is.
  void narrow_b() {
    auto* bytes = reinterpret_cast<std::byte*>(b_.data());
    for (std::size_t i = 0; i < b_.size(); ++i) {
      const BFloat16 half(b_[i]);
      const auto whole = static_cast<std::int8_t>(p_.dtype == DType::i8 ? b_[i] : 0);
      if (p_.dtype == DType::bf16) std::memcpy(bytes + 2 * i, &half, sizeof half);
      if (p_.dtype == DType::i8) std::memcpy(bytes + i, &whole, sizeof whole);
    }
  }
  std::size_t floats(Index rows) const { return static_cast<std::size_t>(extent(order_, rows, p_.n, natural_ld(order_, rows, p_.n))); }

  const Product p_;
  const DenseOrder order_;
  const Buffer<float> b_, c_;
  SpmmPlan plan_;
};
}  // namespace

Served own_kernels(const std::string& version) {
  std::vector<std::string> names = spmm_kernels(DType::f32);
  names.insert(names.begin(), "plan");
  return {names, version, [](const Product& p) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(p); }};
}
}  // namespace tulle::lab
