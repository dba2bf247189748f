#pragma once
#include <gtest/gtest.h>

#include "core/cpu.hpp"

namespace tulle::test {
/// A test of every kernel of a family's list; those that this CPU cannot run are skipped by name.
template <class Kernel>
class EveryKernel : public testing::TestWithParam<const Kernel*> {
 protected:
  void SetUp() override {
    if (!contains(cpu_features(), kernel.needs)) GTEST_SKIP() << "this CPU cannot run " << kernel.name;
  }
  const Kernel& kernel = *testing::TestWithParam<const Kernel*>::GetParam();
};
}  // namespace tulle::test
