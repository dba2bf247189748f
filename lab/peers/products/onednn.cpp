// oneDNN's matmul and convolution with the zeros stored, matmul in f32, bf16, f16 and bytes; the weight is in the layout that it
// asks for before the clock starts. ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 in the environment keeps it from AMX.
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

/// A convolution in the layouts that it asks for. Order row_major: X and Y are NCHW, and what turns them counts.
class OneDnnConvolution final : public lab::Contender {
 public:
  explicit OneDnnConvolution(const lab::Job& p) : counts_(p.order == "row_major"), size_(whole(p, "size")), kernel_(whole(p, "kernel")), stride_(whole(p, "stride")) {
    omp_set_num_threads(p.threads);
    try {
      prepare(p);
    } catch (const dnnl::error& e) {
      throw Error(p.kernel, e.what());
    }
  }
  void run() override {
    if (counts_) turn(to_x_, x_, operands_.at(DNNL_ARG_SRC));
    product_.execute(stream_, operands_);
    if (counts_) turn(to_y_, operands_.at(DNNL_ARG_DST), y_);
    stream_.wait();
  }
  Tensor result() override {
    turn(to_y_, operands_.at(DNNL_ARG_DST), y_);
    stream_.wait();
    return result_;
  }
  std::string note() override { return "implementation " + path_; }

 private:
  static memory::dim whole(const lab::Job& p, std::string_view name) { return static_cast<memory::dim>(p.parameter(name)); }
  void prepare(const lab::Job& p) {
    const memory::dim pad = kernel_ / 2, out = (size_ + 2 * pad - kernel_) / stride_ + 1, channels = p.a.cols / (kernel_ * kernel_);
    const memory::dims x{p.n, channels, size_, size_}, w{p.a.rows, channels, kernel_, kernel_}, y{p.n, p.a.rows, out, out};
    const auto wanted = describe({x, Kind::f32, memory::format_tag::any}, {w, Kind::f32, memory::format_tag::any}, {y, Kind::f32, memory::format_tag::any}, {pad, pad});
    result_ = Tensor(TensorType{DType::f32, {p.n, p.a.rows, out, out}});
    x_ = memory({x, Kind::f32, memory::format_tag::nchw}, engine_, const_cast<float*>(p.operand("x")));
    y_ = memory({y, Kind::f32, memory::format_tag::nchw}, engine_, result_.as_mutable<float>().data());
    std::vector<float> values = lab::peer::dense(p.a);
    const memory weights(wanted.weights_desc(), engine_);
    const memory plain({w, Kind::f32, memory::format_tag::oihw}, engine_, values.data());
    turn(dnnl::reorder(plain, weights), plain, weights);
    operands_ = {{DNNL_ARG_SRC, memory(wanted.src_desc(), engine_)}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, memory(wanted.dst_desc(), engine_)}};
    to_x_ = dnnl::reorder(x_, operands_.at(DNNL_ARG_SRC)), to_y_ = dnnl::reorder(operands_.at(DNNL_ARG_DST), y_);
    turn(to_x_, x_, operands_.at(DNNL_ARG_SRC));
    product_ = dnnl::convolution_forward(wanted);
    path_ = wanted.impl_info_str();
    stream_.wait();
  }
  dnnl::convolution_forward::primitive_desc describe(const memory::desc& x, const memory::desc& w, const memory::desc& y, const memory::dims& pads) const {
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto algorithm = dnnl::algorithm::convolution_direct;
    const memory::dims strides{stride_, stride_};
#if DNNL_VERSION_MAJOR >= 3
    return {engine_, kind, algorithm, x, w, y, strides, pads, pads};
#else
    return {dnnl::convolution_forward::desc(kind, algorithm, x, w, y, strides, pads, pads), engine_};
#endif
  }
  void turn(const dnnl::reorder& how, const memory& from, const memory& to) { how.execute(stream_, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}); }

  const bool counts_;
  const memory::dim size_, kernel_, stride_;
  Tensor result_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory x_, y_;
  std::unordered_map<int, memory> operands_;
  dnnl::reorder to_x_, to_y_;
  dnnl::convolution_forward product_;
  std::string path_;
};
}  // namespace

int main() {
  const dnnl_version_t* v = dnnl_version();
  const std::string version = std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  return lab::peer::run({version, {{"spmm", "onednn_dense", lab::peer::make<OneDnnDense>, {DType::f32, DType::bf16, DType::f16, DType::i8}},
                                   {"spmv", "onednn_dense", lab::peer::make<OneDnnDense>, {DType::f32, DType::bf16, DType::f16, DType::i8}},
                                   {"conv", "onednn_dense", lab::peer::make<OneDnnConvolution>, {DType::f32}}}});
}
