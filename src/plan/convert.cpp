#include "plan/convert.hpp"
#include <cstring>
#include "kernels/layout/kernel.hpp"
#include "library/parts.hpp"

namespace tulle::plan {
namespace {
class ConvertStep final : public Step {
 public:
  ConvertStep(Form from, Form to) : from_(std::move(from)), to_(std::move(to)) {}
  void run(const Frame& f) const override {
    library::for_parts(to_.layout, f.threads, [&](Part part) {
      kernel_.convert(from_.layout, f.at(from_.buffer, from_.offset), to_.layout, f.at(to_.buffer, to_.offset), part);
    });
  }

 private:
  Form from_, to_;
  const layout::Kernel& kernel_ = layout::best(cpu_features());
};

class PhasesStep final : public Step {
 public:
  PhasesStep(Form from, Form to, layout::Steps steps, bool first_only)
      : from_(std::move(from)), to_(std::move(to)), steps_(steps), first_only_(first_only) {}
  void run(const Frame& f) const override {
    const auto move = first_only_ ? kernel_.subsample : kernel_.deinterleave;
    library::for_parts(to_.layout, f.threads, [&](Part part) {
      move(from_.layout, f.at(from_.buffer, from_.offset), to_.layout, f.at(to_.buffer, to_.offset), steps_, part);
    });
  }

 private:
  Form from_, to_;
  layout::Steps steps_;
  bool first_only_;
  const layout::Kernel& kernel_ = layout::best(cpu_features());
};

class CopyStep final : public Step {
 public:
  CopyStep(BufferId from, BufferId to, Index bytes) : from_(from), to_(to), bytes_(static_cast<std::size_t>(bytes)) {}
  void run(const Frame& f) const override {
    if (bytes_) std::memcpy(f.buffers[to_], f.buffers[from_], bytes_);
  }

 private:
  BufferId from_, to_;
  std::size_t bytes_;
};
}  // namespace

std::unique_ptr<Step> convert_step(const Form& from, const Form& to) { return std::make_unique<ConvertStep>(from, to); }
std::unique_ptr<Step> phases_step(const Form& from, const Form& to, Index stride_y, Index stride_x, bool first_only) {
  return std::make_unique<PhasesStep>(from, to, layout::Steps{stride_y, stride_x}, first_only);
}
std::unique_ptr<Step> copy_step(BufferId from, BufferId to, Index bytes) { return std::make_unique<CopyStep>(from, to, bytes); }
}  // namespace tulle::plan
