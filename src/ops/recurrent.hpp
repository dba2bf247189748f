#pragma once
#include "ops/expect.hpp"

namespace tulle::ops {
/// An activation of a recurrent cell with the alpha and beta that the node gives it.
struct CellActivation {
  double (*f)(double x, double alpha, double beta) = nullptr;
  double alpha = 0, beta = 0;
  double operator()(double x) const { return f(x, alpha, beta); }
};

/// What LSTM, GRU and RNN share: X [steps, batch, input], W [directions, gates hidden, input], R [directions,
/// gates hidden, hidden], B [directions, 2 gates hidden] and the attributes; with layout 1 batch comes first.
struct Recurrence {
  Index steps, batch, input, hidden, directions, gates;
  bool batch_first, backward_first;         ///< direction "reverse" runs backward only
  bool projected;  ///< of domain "tulle": X holds X W^T + Wb already, of all directions, and there is no W
  std::vector<CellActivation> activations;  ///< all directions', one after another
  double clip;  ///< bound of what goes into an activation; infinite when not given
  Shape state_shape() const {
    return batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  }
};
/// Checks inputs 0 to 5, which the three have in common, and the attributes. `defaults`: names of one
/// direction's.
Recurrence recurrence(const Call&, Index gates, std::span<const std::string_view> defaults);
/// Types of Y, Y_h and whatever more has the shape of a state.
Types recurrent_types(const Call&, const Recurrence&, std::size_t outputs);

/// One direction's weights, transposed so that products run along rows of gates * hidden.
struct CellWeights {
  Index hidden, gates;
  std::vector<double> r;          ///< [hidden, gates * hidden]
  std::vector<double> r_bias;     ///< [gates * hidden]
  std::vector<double> peepholes;  ///< [3 * hidden], zeros when not given
  std::span<const CellActivation> f;
  double clip;
  double act(std::size_t which, double x) const { return f[which](x < -clip ? -clip : x > clip ? clip : x); }
  /// sums[j] += (h R)[first + j] for j < count
  void add_recurrent(const double* h, Index first, Index count, double* sums) const;
};
/// One step for one sequence: x is the step's X W^T + Wb (gates * hidden); h and c are the states, to be
/// renewed.
using Cell = void (*)(const Call&, const CellWeights&, std::span<const double> x, std::span<double> h,
                      std::span<double> c);
/// Runs the cell over all directions, sequences and steps and fills Y, Y_h and, if there is a third, Y_c.
void run_recurrence(const Call&, std::span<const Result>, const Recurrence&, Cell);
}  // namespace tulle::ops
