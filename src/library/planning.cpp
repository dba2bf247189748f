#include "library/planning.hpp"

#include <fmt/format.h>

#include <cstring>

#include "formats/layout.hpp"

namespace tulle::library {
namespace {
/// Small numbers of any type, so that sums stay finite whatever the beta.
Buffer<float> numbers(Index count, DType dtype) {
  Buffer<float> buffer(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] = 0.01f * static_cast<float>(i % 64) - 0.3f;
  constexpr int kSmall = 0x3c;  // whose double byte is a small bf16
  if (dtype != DType::f32) std::memset(buffer.data(), kSmall, buffer.size() * sizeof(float));
  return buffer;
}

/// One candidate on operands of its own: what is timed.
class Trial final : public choice::Runnable {
 public:
  Trial(std::unique_ptr<Product> p, const Buffer<float>& b, const Buffer<float>& c)
      : product(std::move(p)), scratch_(static_cast<std::size_t>(product->scratch_floats())), b_(b), c_(c) {}
  void run() override { product->run({b_.data(), c_.data(), c_.data()}, scratch_.data()); }
  void warm_inputs() override {
    float sum = 0;
    for (std::size_t i = 0; i < b_.size(); i += kLanes) sum += b_[i];
    sink_ = sum;
  }
  std::size_t bytes() const override { return product->bytes(); }
  std::unique_ptr<Product> product;

 private:
  Buffer<float> scratch_;
  const Buffer<float>&b_, &c_;
  volatile float sink_ = 0;
};

std::optional<std::string> refusal(const Offer& offer, const Wanted& w) {
  const Features have = cpu_features();
  if (!contains(have, offer.needs))
    return "needs " + to_string(offer.needs) + "; there is " + to_string(have);
  if (offer.dtype != w.dtype)
    return fmt::format("computes in {}; {} was asked for", name(offer.dtype), name(w.dtype));
  if (!w.finite && (!offer.sparse || offer.pads))
    return "multiplies absent entries, and the dense operand may hold Inf or NaN";
  if (!w.sparse && offer.sparse && !offer.reference) return "only dense kernels were asked for";
  if (offer.refusal) return offer.refusal;
  if (w.dtype != DType::f32)
    return std::nullopt;  // where dense may take more instructions than sparse, or fewer
  if (w.kernel.empty() && offer.sparse && !offer.reference) return choice::too_dense(w.entries, w.possible);
  return std::nullopt;
}

std::vector<choice::Contender> contenders(std::vector<Offer> offers, const Wanted& w, const Buffer<float>& b,
                                          const Buffer<float>& c) {
  std::vector<choice::Contender> list;
  for (Offer& offer : offers) {
    if (w.kernel.empty() ? offer.dtype != w.dtype : offer.kernel != w.kernel) continue;
    choice::Contender contender{.kernel = offer.kernel,
                                .sparse = offer.sparse,
                                .refusal = refusal(offer, w),
                                .cost_us = offer.cost_us};
    contender.prepare = [prepare = std::move(offer.prepare), &b, &c] {
      return std::make_unique<Trial>(prepare(), b, c);
    };
    list.push_back(std::move(contender));
  }
  if (!list.empty()) return list;
  if (w.kernel.empty())
    throw Error(w.where + ": dtype", fmt::format("no kernel computes in {}", name(w.dtype)));
  throw Error(w.where + ": kernel", fmt::format("there is no '{}'; see {}", w.kernel, w.listed));
}
}  // namespace

Planned plan(std::vector<Offer> offers, const Wanted& w) {
  const Buffer<float> b = numbers(w.b_floats, w.dtype), c = numbers(w.c_floats, w.dtype);
  const std::vector<choice::Contender> list = contenders(std::move(offers), w, b, c);
  if (!w.kernel.empty() && list.front().refusal)
    throw Error(w.where + ": kernel " + w.kernel, *list.front().refusal);
  Planned p;
  choice::Winner winner;
  p.verdict = w.kernel.empty() ? choice::Contest(w.effort).hold(list, winner)
                               : choice::Contest::trust_models(list, winner);
  if (!winner.runnable) throw Error(w.where + ": " + std::string(name(w.dtype)), *list.back().refusal);
  p.product = std::move(static_cast<Trial&>(*winner.runnable).product);
  const double zeros =
      w.possible > 0 ? 1 - static_cast<double>(w.entries) / static_cast<double>(w.possible) : 0;
  p.break_even = choice::break_even(p.verdict, zeros);
  p.why = w.kernel.empty() ? choice::reason(p.verdict, zeros, list[winner.index].sparse)
                           : "the caller asked for " + w.kernel;
  return p;
}
}  // namespace tulle::library
