// Einsum-12: sums of products over labelled dimensions, in numpy's notation with "..." and implicit outputs.
#include <cctype>
#include <map>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/strided.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
using Terms = TypeList<float, double, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t>;
using Label = int;  ///< a letter; kDots + i for the i-th dimension of "..." counted from the right
constexpr Label kDots = 1000;
using Labels = std::vector<Label>;

struct Einsum {
  std::vector<Labels> inputs;
  Labels output, summed;
  std::map<Label, Index> sizes;
};

[[noreturn]] void fail_equation(const Call& call, const std::string& equation, const std::string& why) {
  call.fail("attribute 'equation' is '" + equation + "': " + why);
}

/// The labels of a term; "..." stands for `dots` dimensions.
Labels labels_of(const Call& call, const std::string& equation, std::string_view term, Index dots) {
  Labels labels;
  bool seen = false;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (std::isalpha(static_cast<unsigned char>(term[i]))) {
      labels.push_back(term[i]);
    } else if (term.substr(i).starts_with("...") && !seen) {
      for (Index d = dots; d-- > 0;) labels.push_back(kDots + static_cast<Label>(d));
      i += 2, seen = true;
    } else {
      fail_equation(call, equation, "want letters, one '...' a term, commas and '->'");
    }
  }
  return labels;
}

std::vector<std::string> split_terms(const std::string& text) {
  std::vector<std::string> terms(1);
  for (char c : text) {
    if (c == ',')
      terms.emplace_back();
    else
      terms.back() += c;
  }
  return terms;
}

void set_sizes(const Call& call, const std::string& equation, Einsum& e) {
  for (std::size_t i = 0; i < e.inputs.size(); ++i)
    for (std::size_t d = 0; d < e.inputs[i].size(); ++d) {
      const Index size = call.input(i).shape()[d];
      Index& known = e.sizes.try_emplace(e.inputs[i][d], size).first->second;
      if (known == 1)
        known = size;
      else if (size != 1 && size != known)
        fail_equation(call, equation,
                      "one label has the sizes " + std::to_string(known) + " and " + std::to_string(size));
    }
}

/// Without "->": the dimensions of "...", then the letters that appear once, in alphabetical order.
Labels implicit_output(const Einsum& e) {
  std::map<Label, int> times;
  for (const Labels& labels : e.inputs)
    for (Label l : labels) ++times[l];
  Labels output;
  for (auto it = times.rbegin(); it != times.rend() && it->first >= kDots; ++it) output.push_back(it->first);
  for (const auto& [label, count] : times)
    if (label < kDots && count == 1) output.push_back(label);
  return output;
}

Einsum parse(const Call& call) {
  const std::string equation = call.node.string_attribute("equation", "");
  std::string text;
  for (char c : equation)
    if (c != ' ') text += c;
  const std::size_t arrow = text.find("->");
  const std::vector<std::string> terms = split_terms(text.substr(0, arrow));
  if (terms.size() != call.inputs.size())
    fail_equation(call, equation,
                  "it has " + std::to_string(terms.size()) + " terms for " +
                      std::to_string(call.inputs.size()) + " inputs");
  Einsum e;
  Index widest = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    require_present(call, i);
    const Index named = static_cast<Index>(labels_of(call, equation, terms[i], 0).size()),
                dots = call.input(i).rank() - named;
    const bool has_dots = terms[i].find('.') != std::string::npos;
    if (dots < 0 || (dots > 0 && !has_dots))
      fail_equation(call, equation, "its term '" + terms[i] + "' does not fit " + describe(call, i));
    e.inputs.push_back(labels_of(call, equation, terms[i], dots));
    widest = std::max(widest, dots);
  }
  set_sizes(call, equation, e);
  e.output = arrow == std::string::npos ? implicit_output(e)
                                        : labels_of(call, equation, text.substr(arrow + 2), widest);
  for (std::size_t i = 0; i < e.output.size(); ++i)
    if (!e.sizes.contains(e.output[i]) || std::count(e.output.begin(), e.output.end(), e.output[i]) > 1)
      fail_equation(call, equation, "a label of the output is in no input or in the output twice");
  for (const auto& [label, size] : e.sizes)
    if (std::find(e.output.begin(), e.output.end(), label) == e.output.end()) e.summed.push_back(label);
  return e;
}

Shape shape_of(const Einsum& e, const Labels& labels) {
  Shape shape;
  for (Label l : labels) shape.push_back(e.sizes.at(l));
  return shape;
}

Types infer_einsum(const Call& call) {
  constexpr Index kMostProducts = Index{1} << 40;
  require_type<decltype(Terms{} + TypeList<Half, BFloat16>{})>(call, 0);
  for (std::size_t i = 1; i < call.inputs.size(); ++i) require_dtype(call, i, call.input(0).dtype());
  const Einsum e = parse(call);
  Index products = 1;
  for (const auto& [label, size] : e.sizes)
    if (__builtin_mul_overflow(products, std::max<Index>(1, size), &products) || products > kMostProducts)
      call.fail("would add up more than " + std::to_string(kMostProducts) + " products");
  return {{require_size(call, {call.input(0).dtype(), shape_of(e, e.output)})}};
}

/// Elements that an input moves by when a label's position moves by one; a size of 1 is stretched.
Strides label_strides(const Labels& input, const Shape& shape, const Labels& labels) {
  const Strides dense = dense_strides(shape);
  Strides strides(labels.size(), 0);
  for (std::size_t l = 0; l < labels.size(); ++l)
    for (std::size_t d = 0; d < input.size(); ++d)
      if (input[d] == labels[l] && shape[d] != 1) strides[l] += dense[d];
  return strides;
}
Index dot(const Shape& position, const Strides& strides) {
  Index sum = 0;
  for (std::size_t i = 0; i < position.size(); ++i) sum += position[i] * strides[i];
  return sum;
}

template <class T>
void einsum(const Call& call, const Result& out) {
  Einsum e = parse(call);
  std::fill_n(out.as<T>().data(), out.count(), T{});
  for (const auto& [label, size] : e.sizes)
    if (size == 0) return;
  if (e.summed.empty()) e.summed.push_back(-1), e.sizes[-1] = 1;
  const Index inner = e.sizes.at(e.summed.back());
  Shape outer_sizes = shape_of(e, e.summed);
  outer_sizes.back() = 1;
  std::vector<Strides> out_strides, sum_strides;
  for (std::size_t i = 0; i < e.inputs.size(); ++i) {
    out_strides.push_back(label_strides(e.inputs[i], call.input(i).shape(), e.output));
    sum_strides.push_back(label_strides(e.inputs[i], call.input(i).shape(), e.summed));
  }
  std::vector<const T*> from(e.inputs.size());
  Odometer position(shape_of(e, e.output)), summed(outer_sizes);
  T* y = out.as<T>().data();
  do {
    Sum<T> total{};
    do {
      for (std::size_t i = 0; i < from.size(); ++i)
        from[i] =
            call.input(i).as<T>().data() + dot(position.at, out_strides[i]) + dot(summed.at, sum_strides[i]);
      for (Index p = 0; p < inner; ++p) {
        Sum<T> product = 1;
        for (std::size_t i = 0; i < from.size(); ++i)
          product *= static_cast<Sum<T>>(from[i][p * sum_strides[i].back()]);
        total += product;
      }
    } while (summed.next());
    *y++ = static_cast<T>(total);
  } while (position.next());
}
void eval_einsum(const Call& call, std::span<const Result> out) {
  Terms::visit(call.input(0).dtype(), [&]<class T>(T) { einsum<T>(call, out[0]); });
}
}  // namespace
extern const Operator kEinsum{"Einsum", "", 12, 1, 64, infer_einsum, widened<eval_einsum>};
}  // namespace tulle::ops
