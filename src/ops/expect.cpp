#include "ops/expect.hpp"

#include "ops/broadcast.hpp"

namespace tulle::ops {
namespace {
template <class List, class Text>
std::string joined(const List& list, const Text& text) {
  std::string all;
  for (const auto& item : list) all += (all.empty() ? "" : ", ") + std::string(text(item));
  return all;
}
}  // namespace

std::string describe(const Call& call, std::size_t input) {
  const Argument& a = call.input(input);
  return "input " + std::to_string(input) + " (" + std::string(name(a.dtype())) + to_string(a.shape()) + ")";
}

void require_present(const Call& call, std::size_t input) {
  if (!call.has(input)) call.fail("input " + std::to_string(input) + " is missing");
}

void require_one_of(const Call& call, std::size_t input, std::initializer_list<DType> allowed) {
  require_present(call, input);
  if (std::find(allowed.begin(), allowed.end(), call.input(input).dtype()) == allowed.end())
    call.fail(describe(call, input) + " has an element type that it does not take; want one of " +
              joined(allowed, [](DType d) { return name(d); }));
}

void require_floats(const Call& call, std::size_t first, std::size_t last) {
  require_type<Floats>(call, first);
  for (std::size_t i = first + 1; i < call.inputs.size() && i <= last; ++i)
    if (call.has(i)) require_dtype(call, i, call.input(first).dtype());
}

void require_rank(const Call& call, std::size_t input, Index least, Index most) {
  if (!call.has(input)) return;
  const Index rank = call.input(input).rank();
  if (rank >= least && rank <= most) return;
  const std::string range =
      least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
  call.fail(describe(call, input) + " has rank " + std::to_string(rank) + "; want " + range);
}

void require_shape(const Call& call, std::size_t input, const Shape& want) {
  if (call.has(input) && call.input(input).shape() != want)
    call.fail(describe(call, input) + " does not fit; want the shape " + to_string(want));
}

Index bounded_attribute(const Call& call, std::string_view key, Index otherwise, Index least, Index most) {
  const Index value = call.node.int_attribute(key, otherwise);
  if (value < least || value > most)
    call.fail("attribute '" + std::string(key) + "' is " + std::to_string(value) + "; want " +
              std::to_string(least) + " to " + std::to_string(most));
  return value;
}

std::string chosen_attribute(const Call& call, std::string_view key, std::string_view otherwise,
                             std::initializer_list<std::string_view> allowed) {
  std::string value = call.node.string_attribute(key, otherwise);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
    call.fail("attribute '" + std::string(key) + "' is '" + value + "'; want one of " +
              joined(allowed, [](std::string_view a) { return a; }));
  return value;
}

Types first_outputs(const Call& call, std::vector<TensorType> types) {
  types.resize(std::clamp<std::size_t>(call.node.outputs.size(), 1, types.size()));
  for (const TensorType& type : types) require_size(call, type);
  return types;
}

std::vector<double> reals(const Argument& a) {
  std::vector<double> values;
  Floats::visit(a.dtype(), [&]<class T>(T) { values.assign(a.as<T>().begin(), a.as<T>().end()); });
  return values;
}

std::vector<Index> broadcast_index(const Shape& from, const Shape& to) {
  const Strides strides = broadcast_strides(from, to);
  std::vector<Index> index;
  if (element_count_unchecked(to) == 0) return index;
  index.reserve(at(element_count_unchecked(to)));
  Odometer position(to);
  do {
    Index offset = 0;
    for (std::size_t i = 0; i < to.size(); ++i) offset += position.at[i] * strides[i];
    index.push_back(offset);
  } while (position.next());
  return index;
}
}  // namespace tulle::ops
