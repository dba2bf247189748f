// oneDNN's matmul with the zeros stored; A is in the layout that it asks for before the clock starts.
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>
#include "peer.hpp"

namespace {
using namespace tulle;
using dnnl::memory;

class OneDnnDense final : public lab::peer::F32Product {
 public:
  explicit OneDnnDense(const lab::Job& p) : F32Product(p) {
    omp_set_num_threads(p.threads);
    const memory::desc any(a_dims(), memory::data_type::f32, memory::format_tag::any), b = given(b_dims()), out = given(c_dims());
    try {
      const auto wanted = describe(p.tokens() ? b : any, p.tokens() ? any : b, out);
      std::vector<float> values = lab::peer::dense(p.a);
      const memory plain(memory::desc(a_dims(), memory::data_type::f32, p.tokens() ? memory::format_tag::ba : memory::format_tag::ab), engine_, values.data());
      a_ = memory(p.tokens() ? wanted.weights_desc() : wanted.src_desc(), engine_);
      dnnl::reorder(plain, a_).execute(stream_, {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, a_}});
      stream_.wait();
      b_ = memory(b, engine_, const_cast<float*>(F32Product::b_));
      c_ = memory(out, engine_, c());
      product_ = dnnl::matmul(wanted);
      path_ = wanted.impl_info_str();
    } catch (const dnnl::error& e) {
      throw Error(p.kernel, e.what());
    }
  }
  void run() override {
    product_.execute(stream_, {{p_.tokens() ? DNNL_ARG_WEIGHTS : DNNL_ARG_SRC, a_}, {p_.tokens() ? DNNL_ARG_SRC : DNNL_ARG_WEIGHTS, b_}, {DNNL_ARG_DST, c_}});
    stream_.wait();
  }
  std::string note() override { return "implementation " + path_; }

 private:
  // tokens: C^T [n][m] = B^T [n][k] A^T [k][m]
  memory::dims a_dims() const { return p_.tokens() ? memory::dims{k(), m()} : memory::dims{m(), k()}; }
  memory::dims b_dims() const { return p_.tokens() ? memory::dims{n(), k()} : memory::dims{k(), n()}; }
  memory::dims c_dims() const { return p_.tokens() ? memory::dims{n(), m()} : memory::dims{m(), n()}; }
  static memory::desc given(const memory::dims& d) { return {d, memory::data_type::f32, memory::format_tag::ab}; }

  dnnl::matmul::primitive_desc describe(const memory::desc& src, const memory::desc& weights, const memory::desc& dst) const {
#if DNNL_VERSION_MAJOR >= 3
    return {engine_, src, weights, dst};
#else
    return {dnnl::matmul::desc(src, weights, dst), engine_};
#endif
  }
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory a_, b_, c_;
  dnnl::matmul product_;
  std::string path_;
};
}  // namespace

int main() {
  const dnnl_version_t* v = dnnl_version();
  const std::string version = std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  return lab::peer::run({version, {{"spmm", "onednn_dense", lab::peer::make<OneDnnDense>}}});
}
