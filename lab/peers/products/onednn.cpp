// oneDNN's matmul with the zeros stored, in f32, bf16, f16 and bytes; A is in the layout that it asks for before the
// clock starts. ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 in the environment keeps it from AMX.
#include <omp.h>
#include <cstdlib>
#include <oneapi/dnnl/dnnl.hpp>
#include "peer.hpp"

namespace {
using namespace tulle;
using dnnl::memory;
using Kind = memory::data_type;

/// Types of the first operand, the second, and C. Bytes: the first is unsigned with a zero point of 128, which it
/// multiplies faster than two signed ones where it has no AMX; sums come back as they are.
struct Kinds {
  Kind first, second, c;
};
constexpr std::int32_t kZeroPoint = 128;
Kinds kinds_of(DType type) {
  switch (type) {
    case DType::bf16: return {Kind::bf16, Kind::bf16, Kind::f32};
    case DType::f16: return {Kind::f16, Kind::f16, Kind::f32};
    case DType::i8: return {Kind::u8, Kind::s8, Kind::s32};
    default: return {Kind::f32, Kind::f32, Kind::f32};
  }
}

/// C = A B, first A and second B; for tokens C^T [n][m] = B^T [n][k] A^T [k][m], first B^T and second A^T.
class OneDnnDense final : public lab::Contender {
 public:
  explicit OneDnnDense(const lab::Job& p)
      : bytes_(p.dtype == DType::i8),
        result_(TensorType{bytes_ ? DType::i32 : DType::f32, p.tokens() ? Shape{p.n, p.a.rows} : Shape{p.a.rows, p.n}}) {
    omp_set_num_threads(p.threads);
    try {
      prepare(p);
    } catch (const dnnl::error& e) {
      throw Error(p.kernel, std::string(name(p.dtype)) + ": " + e.what());
    }
  }
  void run() override {
    product_.execute(stream_, operands_);
    stream_.wait();
  }
  Tensor result() override { return result_; }
  std::string note() override {
    const char* most = std::getenv("ONEDNN_MAX_CPU_ISA");
    return "implementation " + path_ + (most ? std::string(", at most ") + most : "");
  }

 private:
  void prepare(const lab::Job& p) {
    const Index m = p.a.rows, k = p.a.cols, n = p.n, rows = p.tokens() ? n : m, cols = p.tokens() ? m : n;
    const Kinds kinds = kinds_of(p.dtype);
    const auto given = memory::format_tag::ab, any = memory::format_tag::any;
    const auto wanted = describe({{rows, k}, kinds.first, p.tokens() ? given : any}, {{k, cols}, kinds.second, p.tokens() ? any : given},
                                 {{rows, cols}, kinds.c, given});
    std::vector<float> a = lab::peer::dense(p.a), b(p.operand("b"), p.operand("b") + k * n);
    const memory::dims rows_of_k{rows, k}, k_of_cols{k, cols};
    const memory first = narrowed(p.tokens() ? b : a, rows_of_k, given, wanted.src_desc(), bytes_ ? kZeroPoint : 0);
    const memory second = narrowed(p.tokens() ? a : b, k_of_cols, p.tokens() ? memory::format_tag::ba : given, wanted.weights_desc(), 0);
    operands_ = {{DNNL_ARG_SRC, first}, {DNNL_ARG_WEIGHTS, second}, {DNNL_ARG_DST, memory(wanted.dst_desc(), engine_, c())}};
    if (bytes_) operands_.insert({DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, memory({{1}, Kind::s32, memory::format_tag::x}, engine_, &zero_point_)});
    product_ = dnnl::matmul(wanted);
    path_ = wanted.impl_info_str();
  }

  /// Numbers of the narrow type, given as floats, in it and in the layout `wanted`.
  memory narrowed(std::vector<float>& values, const memory::dims& dims, memory::format_tag order, const memory::desc& wanted, std::int32_t shift) {
    for (float& x : values) x += static_cast<float>(shift);
    const memory plain({dims, Kind::f32, order}, engine_, values.data());
    memory to(wanted, engine_);
    dnnl::reorder(plain, to).execute(stream_, {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, to}});
    stream_.wait();
    return to;
  }
  dnnl::matmul::primitive_desc describe(const memory::desc& src, const memory::desc& weights, const memory::desc& dst) const {
    dnnl::primitive_attr shifts;
#if DNNL_VERSION_MAJOR >= 3
    if (bytes_) shifts.set_zero_points_mask(DNNL_ARG_SRC, 0);
    return {engine_, src, weights, dst, shifts};
#else
    if (bytes_) shifts.set_zero_points(DNNL_ARG_SRC, 0, {DNNL_RUNTIME_S32_VAL});
    return {dnnl::matmul::desc(src, weights, dst), shifts, engine_};
#endif
  }
  void* c() { return bytes_ ? static_cast<void*>(result_.as_mutable<std::int32_t>().data()) : result_.as_mutable<float>().data(); }

  const bool bytes_;
  std::int32_t zero_point_ = kZeroPoint;
  Tensor result_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::unordered_map<int, memory> operands_;
  dnnl::matmul product_;
  std::string path_;
};
}  // namespace

int main() {
  const dnnl_version_t* v = dnnl_version();
  const std::string version = std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  return lab::peer::run({version, {{"spmm", "onednn_dense", lab::peer::make<OneDnnDense>, {DType::f32, DType::bf16, DType::f16, DType::i8}}}});
}
