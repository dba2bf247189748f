// C = A B, all sparse; B is A, or its transpose where A is not square. The result: the values of C's entries row after row,
// columns rising. Pattern and values are found in each run, with values_only 1 only the latter.
#include "tulle/spgemm.hpp"
#include <algorithm>
#include <cmath>
#include <optional>
#include "core/checked.hpp"
#include "lab/operations/list.hpp"
#include "tulle/formats.hpp"

namespace tulle::lab {
namespace {
/// One row of C at a time in f64, dense.
class DenseRow {
 public:
  explicit DenseRow(Index cols) : values_(static_cast<std::size_t>(cols)), sizes_(values_.size()), terms_(values_.size()) {}
  void add(std::int32_t column, double term) {
    const auto j = static_cast<std::size_t>(column);
    if (terms_[j]++ == 0) columns_.push_back(column);
    values_[j] += term, sizes_[j] += std::abs(term);
  }
  void move_to(Expected& e) {
    std::sort(columns_.begin(), columns_.end());
    for (const std::int32_t column : columns_) {
      const auto j = static_cast<std::size_t>(column);
      e.values.push_back(values_[j]), e.sizes.push_back(sizes_[j]), e.bounds.push_back(sum_bound(terms_[j], sizes_[j], values_[j], DType::f32));
      values_[j] = sizes_[j] = 0, terms_[j] = 0;
    }
    columns_.clear();
  }

 private:
  std::vector<double> values_, sizes_;
  std::vector<Index> terms_;
  std::vector<std::int32_t> columns_;
};

Csr second_of(const CsrView& a) {
  return a.rows == a.cols ? to_csr(a) : transpose(a);
}

Question ask(const Case&, const CsrView& a) {
  const Csr b = second_of(a);
  Question q;
  DenseRow row(b.cols);
  const auto range = [](const auto& m, Index i) { return std::pair(static_cast<std::size_t>(m.offsets[static_cast<std::size_t>(i)]), static_cast<std::size_t>(m.offsets[static_cast<std::size_t>(i) + 1])); };
  for (Index i = 0; i < a.rows; ++i) {
    const auto [begin, end] = range(a, i);
    for (std::size_t p = begin; p < end; ++p) {
      const auto [first, last] = range(b, a.columns[p]);
      for (std::size_t e = first; e < last; ++e) row.add(b.columns[e], double{a.values[p]} * b.values[e]);
      q.flops += 2 * static_cast<double>(last - first);
    }
    row.move_to(q.expected);
  }
  q.expected.shape = {std::ssize(q.expected.values)};
  q.dense_flops = 2 * static_cast<double>(a.rows) * static_cast<double>(a.cols) * static_cast<double>(b.cols);
  return q;
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Job& job) : a_(job.a), b_(second_of(a_)), options_{.threads = job.threads, .mask = {}, .kernel = job.kernel == "plan" ? "" : job.kernel} {
    if (job.parameter("values_only") != 0) plan_.emplace(plan_spgemm(a_, b_.view(), options_));
    if (plan_) values_.resize(static_cast<std::size_t>(plan_->nnz()));
  }
  void run() override {
    if (plan_)
      plan_->run(a_.values, b_.values, values_);
    else
      values_ = multiply(a_, b_.view(), options_).values;
  }
  Tensor result() override {
    Tensor out(TensorType{DType::f32, {std::ssize(values_)}});
    std::copy(values_.begin(), values_.end(), out.as_mutable<float>().begin());
    return out;
  }

 private:
  CsrView a_;
  Csr b_;
  SpgemmOptions options_;
  std::optional<SpgemmPlan> plan_;
  std::vector<float> values_;
};
}  // namespace

Operation spgemm_operation() {
  return {.name = "spgemm",
          .n = "",
          .parameters = {{"values_only", 0}},
          .ask = ask,
          .kernels = [](DType) { return spgemm_kernels(); },
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(job); }};
}
}  // namespace tulle::lab
