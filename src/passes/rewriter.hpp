#pragma once
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"

namespace tulle::passes {
using graph::Graph;
using graph::kAbsent;
using graph::Node;
using graph::ValueId;

constexpr int kNobody = -1;  ///< no node

/// The values that a node reads: its inputs and what its subgraphs capture.
std::vector<ValueId> values_read(const Node&);
/// Makes the node read `map(id)` wherever it reads `id`, as an input or by a capture of a subgraph.
template <class Map>
void map_reads(Node& node, const Map& map) {
  for (ValueId& id : node.inputs)
    if (id != kAbsent) id = map(id);
  for (auto& [key, attribute] : node.attributes)
    if (auto* sub = std::get_if<std::shared_ptr<const Graph>>(&attribute)) {
      auto changed = std::make_shared<Graph>(**sub);
      for (graph::Capture& c : changed->captures) c.outer = map(c.outer);
      *sub = std::move(changed);
    }
}

/// A graph while one pass changes it: knows makers and readers of values at every moment. A pass finds a
/// pattern, replaces the pattern's last node, and whatever nobody reads any more goes away by itself. Since
/// the replacement stands where the last node stood, all it reads is made before it: the order of nodes stays
/// right. References to nodes stay valid until finish(); values must not be referred to across constant() and
/// insert_before().
class Rewriter {
 public:
  explicit Rewriter(Graph&);

  int size() const { return static_cast<int>(nodes_.size()); }
  const Node& node(int n) const { return nodes_[static_cast<std::size_t>(n)]; }
  bool alive(int n) const { return alive_[static_cast<std::size_t>(n)]; }
  bool is(int n, std::string_view op, std::string_view domain = "") const;

  /// The node that makes the value, or kNobody; the second form: only if it is such a node.
  int maker(ValueId) const;
  int maker(ValueId, std::string_view op, std::string_view domain = "") const;
  /// The one node that reads the value, once, or kNobody; also kNobody when the value is an output of the
  /// graph.
  int only_reader(ValueId) const;
  bool read_once(ValueId id) const { return only_reader(id) != kNobody; }
  const std::vector<int>& readers(ValueId id) const { return readers_[static_cast<std::size_t>(id)]; }
  bool is_output(ValueId id) const { return is_output_[static_cast<std::size_t>(id)]; }

  bool is_constant(ValueId id) const { return graph_.is_constant(id); }
  /// empty() when the value is no constant; the reference holds until the next constant() or insert_before().
  const Tensor& constant_of(ValueId) const;
  std::optional<TensorType> type(ValueId id) const {
    return id == kAbsent ? std::nullopt : graph_.value(id).type;
  }
  std::optional<Shape> f32_shape(ValueId) const;  ///< nullopt also when the value is not f32
  const std::string& name_of(ValueId id) const { return graph_.value(id).name; }

  ValueId constant(std::string name, Tensor);
  /// A new node just before node n, with one output of this type, whose id is returned.
  ValueId insert_before(int n, Node, TensorType);
  /// Puts `by` in place of node n; it makes what n made.
  void replace(int n, Node by);
  /// Readers of `from` read `to` instead, which must be made before them; false, and nothing done, when the
  /// graph gives `from` to its caller and `to` cannot take its place (an input, a constant, another output).
  bool forward(ValueId from, ValueId to);
  /// A line for the report: which node this pass changed.
  void note(const std::string& node_name) { notes_.push_back(node_name); }
  const std::vector<std::string>& notes() const { return notes_; }
  /// Gives the nodes back to the graph; the rewriter is of no use afterwards.
  void finish();

 private:
  void add_reads(int n);
  void remove_reads(int n);
  void remove_unread(std::vector<ValueId> candidates);

  Graph& graph_;
  std::deque<Node> nodes_;
  std::vector<bool> alive_;
  std::vector<int>
      place_;  ///< where the node goes in the final order: twice its old index, less 1 if inserted
  std::vector<int> maker_;
  std::vector<std::vector<int>> readers_;
  std::vector<bool> is_output_;
  std::vector<std::string> notes_;
};
}  // namespace tulle::passes
