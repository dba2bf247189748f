#include "ops/recurrent.hpp"

#include <cmath>
#include <limits>

#include "ops/product.hpp"

namespace tulle::ops {
namespace {
struct NamedActivation {
  std::string_view name;
  int parameters;      ///< 0: none, 1: alpha, 2: alpha and beta
  double alpha, beta;  ///< defaults: those of the operator of this name
  double (*f)(double x, double alpha, double beta);
};
double clamp01(double x) {
  return x < 0 ? 0 : x > 1 ? 1 : x;
}
const NamedActivation kActivations[] = {
    {"Relu", 0, 0, 0, [](double x, double, double) { return x < 0 ? 0 : x; }},
    {"Tanh", 0, 0, 0, [](double x, double, double) { return std::tanh(x); }},
    {"Sigmoid", 0, 0, 0, [](double x, double, double) { return 1 / (1 + std::exp(-x)); }},
    {"Affine", 2, 1, 0, [](double x, double a, double b) { return a * x + b; }},
    {"LeakyRelu", 1, 0.01, 0, [](double x, double a, double) { return x < 0 ? a * x : x; }},
    {"ThresholdedRelu", 1, 1, 0, [](double x, double a, double) { return x > a ? x : 0; }},
    {"ScaledTanh", 2, 1, 1, [](double x, double a, double b) { return a * std::tanh(b * x); }},
    {"HardSigmoid", 2, 0.2, 0.5, [](double x, double a, double b) { return clamp01(a * x + b); }},
    {"Elu", 1, 1, 0, [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }},
    {"Softsign", 0, 0, 0, [](double x, double, double) { return x / (1 + std::abs(x)); }},
    {"Softplus", 0, 0, 0,
     [](double x, double, double) { return std::log1p(std::exp(-std::abs(x))) + (x > 0 ? x : 0); }},
};
bool same_letters(std::string_view a, std::string_view b) {  // names are matched without regard to case
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char p, char q) { return (p | 32) == (q | 32); });
}
const NamedActivation& activation_named(const Call& call, std::string_view wanted) {
  for (const NamedActivation& a : kActivations)
    if (same_letters(a.name, wanted)) return a;
  call.fail("attribute 'activations' names '" + std::string(wanted) + "', which Tulle lacks");
}

// activation_alpha and activation_beta hold values only for the activations that have such a parameter, in
// order.
std::vector<CellActivation> activations_of(const Call& call, Index directions,
                                           std::span<const std::string_view> defaults) {
  std::vector<std::string> names;
  if (const auto* given = call.node.find_attribute("activations"))
    if (const auto* list = std::get_if<std::vector<std::string>>(given)) names = *list;
  const std::size_t want = at(directions) * defaults.size();
  for (std::size_t i = 0; names.size() < want && !call.node.has_attribute("activations"); ++i)
    names.emplace_back(defaults[i % defaults.size()]);
  if (names.size() != want)
    call.fail("attribute 'activations' has " + std::to_string(names.size()) + " names; want " +
              std::to_string(want));
  const std::vector<float> alphas = call.node.floats_attribute("activation_alpha"),
                           betas = call.node.floats_attribute("activation_beta");
  std::size_t alphas_used = 0, betas_used = 0;
  std::vector<CellActivation> activations;
  for (const std::string& wanted : names) {
    const NamedActivation& a = activation_named(call, wanted);
    CellActivation made{a.f, a.alpha, a.beta};
    if (a.parameters > 0 && alphas_used < alphas.size()) made.alpha = alphas[alphas_used++];
    if (a.parameters > 1 && betas_used < betas.size()) made.beta = betas[betas_used++];
    activations.push_back(made);
  }
  return activations;
}
}  // namespace

Recurrence recurrence(const Call& call, Index gates, std::span<const std::string_view> defaults) {
  require_type<Floats>(call, 0);
  const bool projected = call.node.domain == "tulle";
  for (std::size_t i = 0; i < 8; ++i) {
    if ((i > 2 || projected) && !call.has(i)) continue;
    require_dtype(call, i, i == 4 ? DType::i32 : call.input(0).dtype());
  }
  require_present(call, 0);
  require_present(call, 2);
  for (std::size_t i = 0; i < 3; ++i) require_rank(call, i, 3, 3);
  const Shape& x = call.input(0).shape();
  Recurrence r{};
  r.batch_first = bounded_attribute(call, "layout", 0, 0, 1) == 1;
  const std::string direction =
      chosen_attribute(call, "direction", "forward", {"forward", "reverse", "bidirectional"});
  r.steps = x[r.batch_first], r.batch = x[!r.batch_first], r.input = x[2];
  r.directions = direction == "bidirectional" ? 2 : 1;
  r.backward_first = direction == "reverse";
  r.projected = projected;
  r.gates = gates, r.hidden = call.input(2).shape()[2];
  if (call.node.int_attribute("hidden_size", r.hidden) != r.hidden || r.hidden < 1)
    call.fail("attribute 'hidden_size' is " +
              std::to_string(call.node.int_attribute("hidden_size", r.hidden)) + ", R is " +
              to_string(call.input(2).shape()));
  const Index rows = checked_mul(gates, r.hidden);
  require_shape(call, 1, {r.directions, rows, r.input});
  if (projected) require_shape(call, 0, {x[0], x[1], checked_mul(r.directions, rows)});
  require_shape(call, 2, {r.directions, rows, r.hidden});
  require_shape(call, 3, {r.directions, 2 * rows});
  require_shape(call, 4, {r.batch});
  require_shape(call, 5, r.state_shape());
  r.activations = activations_of(call, r.directions, defaults);
  r.clip = call.node.float_attribute("clip", std::numeric_limits<float>::infinity());
  return r;
}

Types recurrent_types(const Call& call, const Recurrence& r, std::size_t outputs) {
  const DType dtype = call.input(0).dtype();
  const Shape all = r.batch_first ? Shape{r.batch, r.steps, r.directions, r.hidden}
                                  : Shape{r.steps, r.directions, r.batch, r.hidden};
  std::vector<TensorType> types(outputs, {dtype, r.state_shape()});
  types[0].shape = all;
  return first_outputs(call, types);
}

void CellWeights::add_recurrent(const double* h, Index first, Index count, double* sums) const {
  for (Index p = 0; p < hidden; ++p) axpy(h[p], r.data() + p * gates * hidden + first, sums, count);
}

namespace {
/// Positions of the element 0 of a vector of `hidden` in the outputs.
struct Places {
  const Recurrence& r;
  Index y(Index step, Index direction, Index sequence) const {
    return (r.batch_first ? (sequence * r.steps + step) * r.directions + direction
                          : (step * r.directions + direction) * r.batch + sequence) *
           r.hidden;
  }
  Index state(Index direction, Index sequence) const {
    return (r.batch_first ? sequence * r.directions + direction : direction * r.batch + sequence) * r.hidden;
  }
  Index x(Index step, Index sequence) const {
    return (r.batch_first ? sequence * r.steps + step : step * r.batch + sequence) * r.input;
  }
};

std::vector<double> slice(const std::vector<double>& all, Index first, Index count) {
  if (all.empty()) return std::vector<double>(at(count), 0.0);
  return {all.begin() + first, all.begin() + first + count};
}
std::vector<double> optional_reals(const Call& call, std::size_t input) {
  return call.has(input) ? reals(call.input(input)) : std::vector<double>();
}
void store(std::span<const Result> out, std::size_t output, Index first, std::span<const double> values) {
  if (output >= out.size()) return;
  WideFloats::visit(out[output].type.dtype, [&]<class T>(T) {
    T* to = out[output].as<T>().data() + first;
    for (double v : values) *to++ = static_cast<T>(v);
  });
}

struct Direction {
  CellWeights cell;
  std::vector<double> w, bias;  ///< [input, gates * hidden] and Wb
};
Direction direction_weights(const Call& call, const Recurrence& r, Index d) {
  const Index rows = r.gates * r.hidden;
  const std::vector<double> w = optional_reals(call, 1), rec = reals(call.input(2)), b = optional_reals(call, 3);
  const std::size_t each = r.activations.size() / at(r.directions);
  return {{.hidden = r.hidden,
           .gates = r.gates,
           .r = transposed(rec.data() + d * rows * r.hidden, rows, r.hidden),
           .r_bias = slice(b, (2 * d + 1) * rows, rows),
           .peepholes = slice(optional_reals(call, 7), d * 3 * r.hidden, 3 * r.hidden),
           .f = std::span(r.activations).subspan(at(d) * each, each),
           .clip = r.clip},
          r.projected ? w : transposed(w.data() + d * rows * r.input, rows, r.input),
          slice(b, 2 * d * rows, rows)};
}

Index length_of(const Call& call, const Recurrence& r, Index sequence) {
  if (!call.has(4)) return r.steps;
  const Index length = call.input(4).as<std::int32_t>()[at(sequence)];
  if (length < 0 || length > r.steps)
    call.fail("sequence_lens holds " + std::to_string(length) + "; want 0 to " + std::to_string(r.steps));
  return length;
}
}  // namespace

void run_recurrence(const Call& call, std::span<const Result> out, const Recurrence& r, Cell cell) {
  const Places places{r};
  const std::vector<double> x = reals(call.input(0)), h0 = optional_reals(call, 5),
                            c0 = optional_reals(call, 6);
  const std::vector<double> zeros(at(r.hidden), 0.0);
  std::vector<double> sums(at(r.gates * r.hidden));
  for (Index d = 0; d < r.directions; ++d) {
    const Direction weights = direction_weights(call, r, d);
    const bool backward = d == 1 || r.backward_first;
    for (Index s = 0; s < r.batch; ++s) {
      const Index length = length_of(call, r, s);
      std::vector<double> h = slice(h0, places.state(d, s), r.hidden),
                          c = slice(c0, places.state(d, s), r.hidden);
      for (Index step = 0; step < r.steps; ++step) {
        if (step >= length) {
          store(out, 0, places.y(step, d, s), zeros);
          continue;
        }
        const Index t = backward ? length - 1 - step : step;
        if (r.projected) {
          sums = slice(x, places.x(t, s) + d * r.gates * r.hidden, r.gates * r.hidden);
        } else {
          sums = weights.bias;
          for (Index p = 0; p < r.input; ++p)
            axpy(x[at(places.x(t, s) + p)], weights.w.data() + p * r.gates * r.hidden, sums.data(), r.gates * r.hidden);
        }
        cell(call, weights.cell, sums, h, c);
        store(out, 0, places.y(t, d, s), h);
      }
      store(out, 1, places.state(d, s), h);
      store(out, 2, places.state(d, s), c);
    }
  }
}
}  // namespace tulle::ops
