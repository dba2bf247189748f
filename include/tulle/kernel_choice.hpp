#pragma once
#include <cstddef>
#include <string>

namespace tulle {
/// One kernel that was asked to do a piece of work: it refused (why), or was only modelled, or was timed as
/// it will run.
struct KernelChoice {
  std::string name;       ///< family/isa/variant
  std::string refusal;    ///< empty: it accepted
  double cost_us = 0;     ///< by the kernel's own model; 0: not asked
  double time_us = 0;     ///< measured; 0: not timed
  double prepare_us = 0;  ///< of packing the weights or writing the code, once; 0: not prepared
  std::size_t bytes = 0;  ///< of the prepared weights
  bool sparse = true;     ///< false: its time does not fall with zeros
};
}  // namespace tulle
