#include "runtime/context.hpp"
#include <chrono>
#include <cstring>

namespace tulle::runtime {
using plan::PlannedBuffer;

Context::Context(const plan::Plan& plan) : plan_(plan), arena_(plan.arena_bytes), buffers_(plan.buffers.size()) {
  for (const plan::PlannedStep& s : plan.steps) states_.push_back(s.step->make_state());
  std::memset(arena_.data(), 0, arena_.size());  // padding of planes is zero from here on
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const PlannedBuffer& b = plan.buffers[i];
    if (b.kind == PlannedBuffer::Kind::arena) buffers_[i] = arena_.data() + b.offset;
    if (b.kind == PlannedBuffer::Kind::constant)
      buffers_[i] = static_cast<std::byte*>(const_cast<void*>(b.constant.data()));  // steps only read constants
  }
}

void Context::set_input(std::size_t i, const void* data) {
  buffers_[static_cast<std::size_t>(plan_.input_buffers[i])] = static_cast<std::byte*>(const_cast<void*>(data));
}
void Context::set_output(std::size_t i, void* data) {
  buffers_[static_cast<std::size_t>(plan_.output_buffers[i])] = static_cast<std::byte*>(data);
}

void Context::run(int threads, double* step_us) {
  using Clock = std::chrono::steady_clock;
  plan::Frame frame{buffers_.data(), threads};
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    frame.state = states_[i].get();
    const Clock::time_point start = step_us ? Clock::now() : Clock::time_point();
    plan_.steps[i].step->run(frame);
    if (step_us) step_us[i] += std::chrono::duration<double, std::micro>(Clock::now() - start).count();
  }
}
}  // namespace tulle::runtime
