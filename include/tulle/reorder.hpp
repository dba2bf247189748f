#pragma once
#include <span>
#include <vector>

#include "tulle/sparse.hpp"

namespace tulle {
/// Other orders of a graph's nodes, so that rows which are read one after the other lie close. An order is a
/// permutation: order[i] is the old number of the node that becomes i. Features of nodes move with them.
using NodeOrder = std::vector<std::int32_t>;

/// Breadth first from a far end of each component, neighbours of few neighbours first, then all reversed
/// (Cuthill and McKee, ACM 1969; George 1971): neighbours get numbers that are close. Edges count in both
/// directions. For graphs with some geometry or communities; a random graph has no better order.
NodeOrder reverse_cuthill_mckee(const CsrView&);
/// Nodes that are read most (columns with the most entries) first, equal ones as they were: hubs share pages.
NodeOrder hubs_first(const CsrView&);

/// Entry (i, j) of the result is entry (rows[i], columns[j]) of A. Throws Error unless both are permutations.
Csr permute(const CsrView& a, std::span<const std::int32_t> rows, std::span<const std::int32_t> columns);
/// Nodes renumbered: permute with the order for both.
Csr permute(const CsrView& a, std::span<const std::int32_t> order);
}  // namespace tulle
