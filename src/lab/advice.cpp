#include "lab/advice.hpp"
#include <fmt/format.h>
#include <algorithm>
#include <map>

namespace tulle::lab {
namespace {
constexpr double kWorthALine = 0.02;  // of the run's time
constexpr std::size_t kNamed = 3;

bool moves_only(const std::string& label) {
  return label.starts_with("convert") || label.starts_with("phases") || label.starts_with("copy");
}
bool dense_won(const plan::Layer& l) { return l.dense_us > 0 && l.time_us >= l.dense_us; }

enum class Part { sparse, dense, reference, moves, others };

Part part_of(const plan::PlannedStep& step, const plan::Layer& l) {
  if (moves_only(step.label)) return Part::moves;
  if (l.kernel == "operator/reference") return Part::reference;
  if (!l.product) return Part::others;
  return dense_won(l) ? Part::dense : Part::sparse;
}

struct Share {
  double us = 0;
  std::map<const plan::Layer*, double> layers;

  std::vector<const plan::Layer*> largest() const {
    std::vector<const plan::Layer*> order;
    for (const auto& [layer, time] : layers) order.push_back(layer);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return layers.at(a) > layers.at(b); });
    order.resize(std::min(order.size(), kNamed));
    return order;
  }
};

template <class Text> std::string names(const Share& s, const Text& text) {
  std::string out;
  for (const plan::Layer* l : s.largest()) out += (out.empty() ? "" : ", ") + text(*l);
  return out;
}

// A sparse product's time goes with the entries that are left: the layers' own, weighted by their time.
std::string sparse_advice(const Share& s) {
  double zeros = 0;
  for (const auto& [layer, us] : s.layers) zeros += us / s.us * layer->zeros;
  const double more = (1 + zeros) / 2;
  return fmt::format("sparse products, at {:.0f} % zeros: at {:.0f} % they would take about half of it", 100 * zeros, 100 * more);
}

std::string dense_advice(const Share& s) {
  return "products where dense won; more zeros would turn them: " + names(s, [](const plan::Layer& l) {
    return l.break_even > 0 ? fmt::format("{} (has {:.0f} %, sparse pays from {:.0f} %)", l.name, 100 * l.zeros, 100 * l.break_even) : l.name;
  });
}

std::string sentence(Part part, const Share& s) {
  switch (part) {
    case Part::sparse: return sparse_advice(s);
    case Part::dense: return dense_advice(s);
    case Part::reference:
      return "layers that no fast kernel takes, run by the reference: " +
             names(s, [](const plan::Layer& l) { return l.name + " (" + l.op + l.shape + ")"; });
    case Part::moves: return "changes of layout between layers: kernels that read what the layer before them writes would save it";
    case Part::others: return "attention, normalization, pooling, element-wise: zeros in weights don't shorten them";
  }
  return "";
}
}  // namespace

std::vector<std::string> advice(const plan::Plan& plan, const Profile& profile) {
  std::map<Part, Share> shares;
  double total = 0;
  for (std::size_t i = 0; i < plan.steps.size() && i < profile.step_us.size(); ++i) {
    const plan::Layer& l = plan.layers[static_cast<std::size_t>(plan.steps[i].layer)];
    Share& s = shares[part_of(plan.steps[i], l)];
    s.us += profile.step_us[i];
    s.layers[&l] += profile.step_us[i];
    total += profile.step_us[i];
  }
  std::vector<std::pair<double, std::string>> lines;
  for (const auto& [part, share] : shares)
    if (share.us > kWorthALine * total) lines.emplace_back(share.us, fmt::format("{:2.0f} % {}", 100 * share.us / total, sentence(part, share)));
  std::sort(lines.rbegin(), lines.rend());
  std::vector<std::string> sentences;
  for (auto& [us, line] : lines) sentences.push_back(std::move(line));
  return sentences;
}
}  // namespace tulle::lab
