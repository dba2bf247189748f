// A layer of a graph network: neighbours gathered, before and after the nodes are renumbered.
//   graph              a ring whose nodes were shuffled
//   graph FILE [N]     any matrix that Tulle reads, N features a node
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <tulle/aggregate.hpp>
#include <tulle/formats.hpp>
#include <tulle/io.hpp>
#include <tulle/reorder.hpp>

namespace {
tulle::Csr shuffled_ring(std::int32_t nodes,
                         std::int32_t step) {  // node step * i % nodes stands next to step * (i + 1)
  tulle::Coo edges{nodes, nodes, {}, {}, {}};
  for (std::int32_t i = 0; i < nodes; ++i)
    for (const std::int32_t next : {i + 1, i + nodes - 1}) {
      edges.row_indices.push_back(step * i % nodes);
      edges.columns.push_back(step * next % nodes);
      edges.values.push_back(1);
    }
  return tulle::to_csr(edges);
}

double microseconds(const tulle::Csr& graph, tulle::Index n) {
  const auto plan =
      tulle::plan_aggregate(graph.view(), n, {.reduction = tulle::Reduction::mean, .weighted = false});
  const std::vector<float> b(static_cast<std::size_t>(graph.cols * n), 1.0f);
  std::vector<float> c(static_cast<std::size_t>(graph.rows * n));
  double best = 1e30;
  for (int run = 0; run < 20; ++run) {
    const auto start = std::chrono::steady_clock::now();
    plan.run(b.data(), c.data());
    best = std::min(
        best, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void show(const char* name, const tulle::Csr& graph, tulle::Index n) {
  std::cout << name << ": bandwidth " << tulle::statistics(graph.view()).upper_bandwidth;
  if (n > 0) std::cout << ", " << microseconds(graph, n) << " us for the mean of " << n << " features";
  std::cout << "\n";
}
}  // namespace

int main(int argc, char** argv) {
  const tulle::Csr graph = argc > 1 ? tulle::read_matrix(argv[1]) : shuffled_ring(60, 7);
  const tulle::Index n = argc > 2 ? std::atol(argv[2]) : argc > 1 ? 128 : 0;
  show("as it comes", graph, n);
  show("hubs first", tulle::permute(graph.view(), tulle::hubs_first(graph.view())), n);
  show("Cuthill-McKee", tulle::permute(graph.view(), tulle::reverse_cuthill_mckee(graph.view())), n);
}
