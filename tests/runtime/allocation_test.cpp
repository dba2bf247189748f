// A plan of kernels runs without asking for memory, convolutional networks and transformers alike (operators that run by
// their reference, as `explain` shows, may ask for short lists). Every way to ask for it is counted in this program; sanitizers have
// allocators of their own, so that there is nothing to count under them.
#include <gtest/gtest.h>
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <malloc.h>
#include <atomic>
#include <cerrno>
#include "runtime/session.hpp"
#include "support/random_input.hpp"

namespace {
std::atomic<long> asked{0};
}

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) noexcept { return ++asked, __libc_malloc(size); }
void* calloc(std::size_t n, std::size_t size) noexcept { return ++asked, __libc_calloc(n, size); }
void* realloc(void* p, std::size_t size) noexcept { return ++asked, __libc_realloc(p, size); }
void* memalign(std::size_t alignment, std::size_t size) noexcept { return ++asked, __libc_memalign(alignment, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return ++asked, __libc_memalign(alignment, size); }
int posix_memalign(void** p, std::size_t alignment, std::size_t size) noexcept {
  ++asked;
  *p = __libc_memalign(alignment, size);
  return *p ? 0 : ENOMEM;
}
}

using namespace tulle;

namespace {
long asked_in_a_run(const char* file, Shape shape, int threads) {
  Session session(Model::load(std::filesystem::path(TULLE_SOURCE_DIR) / "models" / file), {.threads = threads});
  const Tensor x = support::random_image(std::move(shape));
  const NamedInput in{"x", x.view()};
  Tensor y(session.output_types({&in, 1}).at(0));
  const NamedOutput out{session.impl().model.outputs()[0].name, {y.type(), y.mutable_data()}};
  session.run({&in, 1}, {&out, 1});
  const long before = asked;
  for (int i = 0; i < 3; ++i) session.run({&in, 1}, {&out, 1});
  return asked - before;
}
}  // namespace

TEST(Allocation, TheCountersCount) {
  const long before = asked;
  const std::vector<int> memory(100);
  EXPECT_EQ(memory[0], 0);
  EXPECT_GT(asked, before);
}

TEST(Allocation, ARunAsksForNone) {
  for (int threads : {1, 2}) {
    EXPECT_EQ(asked_in_a_run("digits_mlp-s90.onnx", {3, 64}, threads), 0) << threads;
    EXPECT_EQ(asked_in_a_run("mnist5k_cnn-s90.onnx", {2, 1, 28, 28}, threads), 0) << threads;
    EXPECT_EQ(asked_in_a_run("mnist5k_vit-s90.onnx", {2, 1, 28, 28}, threads), 0) << threads;
  }
}
#endif
