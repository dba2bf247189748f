// LSTM, GRU and RNN: the cells (ONNX 7, 14, 22); recurrent.cpp runs them over steps and directions.
#include "ops/list.hpp"
#include "ops/recurrent.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
constexpr std::string_view kLstmActivations[] = {"Sigmoid", "Tanh", "Tanh"};
constexpr std::string_view kGruActivations[] = {"Sigmoid", "Tanh"};
constexpr std::string_view kRnnActivations[] = {"Tanh"};

Recurrence lstm_recurrence(const Call& call) {
  Recurrence r = recurrence(call, 4, kLstmActivations);
  require_shape(call, 6, r.state_shape());
  require_shape(call, 7, {r.directions, 3 * r.hidden});
  return r;
}
Recurrence gru_recurrence(const Call& call) {
  return recurrence(call, 3, kGruActivations);
}
Recurrence rnn_recurrence(const Call& call) {
  return recurrence(call, 1, kRnnActivations);
}

// Gates in the order i, o, f, c; peepholes i, o, f.
void lstm_cell(const Call& call, const CellWeights& w, std::span<const double> x, std::span<double> h,
               std::span<double> c) {
  const std::size_t n = h.size();
  const bool coupled = call.node.int_attribute("input_forget", 0) != 0;
  std::vector<double> sums(x.begin(), x.end());
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += w.r_bias[i];
  w.add_recurrent(h.data(), 0, static_cast<Index>(sums.size()), sums.data());
  for (std::size_t i = 0; i < n; ++i) {
    const double* p = w.peepholes.data();
    const double in = w.act(0, sums[i] + p[i] * c[i]);
    const double forget = coupled ? 1 - in : w.act(0, sums[2 * n + i] + p[2 * n + i] * c[i]);
    c[i] = forget * c[i] + in * w.act(1, sums[3 * n + i]);
    h[i] = w.act(0, sums[n + i] + p[n + i] * c[i]) * w.act(2, c[i]);
  }
}

// Gates in the order z, r, h.
void gru_cell(const Call& call, const CellWeights& w, std::span<const double> x, std::span<double> h,
              std::span<double>) {
  const Index n = static_cast<Index>(h.size());
  const bool linear_before_reset = call.node.int_attribute("linear_before_reset", 0) != 0;
  std::vector<double> gates(x.begin(), x.begin() + 2 * n),
      candidate(w.r_bias.begin() + 2 * n, w.r_bias.end());
  for (Index i = 0; i < 2 * n; ++i) gates[at(i)] += w.r_bias[at(i)];
  w.add_recurrent(h.data(), 0, 2 * n, gates.data());
  for (double& g : gates) g = w.act(0, g);
  const double *update = gates.data(), *reset = gates.data() + n;
  if (linear_before_reset) {
    w.add_recurrent(h.data(), 2 * n, n, candidate.data());
    for (Index i = 0; i < n; ++i) candidate[at(i)] *= reset[i];
  } else {
    std::vector<double> kept(h.begin(), h.end());
    for (Index i = 0; i < n; ++i) kept[at(i)] *= reset[i];
    w.add_recurrent(kept.data(), 2 * n, n, candidate.data());
  }
  for (Index i = 0; i < n; ++i)
    h[at(i)] = (1 - update[i]) * w.act(1, candidate[at(i)] + x[at(2 * n + i)]) + update[i] * h[at(i)];
}

void rnn_cell(const Call&, const CellWeights& w, std::span<const double> x, std::span<double> h,
              std::span<double>) {
  std::vector<double> sums(x.begin(), x.end());
  w.add_recurrent(h.data(), 0, static_cast<Index>(h.size()), sums.data());
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = w.act(0, sums[i] + w.r_bias[i]);
}

template <auto make, std::size_t outputs>
Types infer_recurrent(const Call& call) {
  return recurrent_types(call, make(call), outputs);
}
template <auto make, auto cell>
void eval_recurrent(const Call& call, std::span<const Result> out) {
  run_recurrence(call, out, make(call), cell);
}
}  // namespace
extern const Operator kLSTM{"LSTM",
                            "",
                            7,
                            3,
                            8,
                            infer_recurrent<lstm_recurrence, 3>,
                            widened<eval_recurrent<lstm_recurrence, lstm_cell>>};
extern const Operator kFusedLSTM{"LSTM",
                                 "tulle",
                                 1,
                                 3,
                                 8,
                                 infer_recurrent<lstm_recurrence, 3>,
                                 widened<eval_recurrent<lstm_recurrence, lstm_cell>>};
extern const Operator kFusedGRU{"GRU",
                                "tulle",
                                1,
                                3,
                                6,
                                infer_recurrent<gru_recurrence, 2>,
                                widened<eval_recurrent<gru_recurrence, gru_cell>>};
extern const Operator kGRU{"GRU",
                           "",
                           7,
                           3,
                           6,
                           infer_recurrent<gru_recurrence, 2>,
                           widened<eval_recurrent<gru_recurrence, gru_cell>>};
extern const Operator kRNN{"RNN",
                           "",
                           7,
                           3,
                           6,
                           infer_recurrent<rnn_recurrence, 2>,
                           widened<eval_recurrent<rnn_recurrence, rnn_cell>>};
}  // namespace tulle::ops
