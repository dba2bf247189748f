// The only file that knows every format: a new one is a line below.
#include "formats/list.hpp"

#include <memory>

#include "tulle/formats.hpp"

namespace tulle {
namespace {
template <class Matrix>
const Matrix& lent(const Matrix& x) {
  return x;
}
CsrView lent(const Csr& x) {
  return x.view();
}
CscView lent(const Csc& x) {
  return x.view();
}
BsrView lent(const Bsr& x) {
  return x.view();
}

template <class Matrix>
StoredMatrix stored(Matrix matrix) {
  auto kept = std::make_shared<const Matrix>(std::move(matrix));
  return {size_bytes(lent(*kept)), [kept] { return to_csr(lent(*kept)); }, [kept] { check(lent(*kept)); }};
}

std::optional<std::string> none(const CsrView&) {
  return std::nullopt;
}

template <Index rows, Index cols>
constexpr Format bsr(std::string_view name) {
  return {name, false, [](const CsrView& a) { return bsr_refusal(a, rows, cols); },
          [](const CsrView& a) { return stored(to_bsr(a, rows, cols)); }};
}
template <Index slice, Index window>
constexpr Format sliced_ell(std::string_view name) {
  return {name, true, [](const CsrView& a) { return sliced_ell_refusal(a, slice, window); },
          [](const CsrView& a) { return stored(to_sliced_ell(a, slice, window)); }};
}
template <Index n, Index m>
constexpr Format n_of_m(std::string_view name) {
  return {name, false, [](const CsrView& a) { return nm_refusal(a, n, m); },
          [](const CsrView& a) { return stored(to_nm(a, n, m)); }};
}

constexpr Format kFormats[] = {
    {"csr", true, none, [](const CsrView& a) { return stored(to_csr(a)); }},
    {"csc", true, none, [](const CsrView& a) { return stored(to_csc(a)); }},
    {"coo", true, none, [](const CsrView& a) { return stored(to_coo(a)); }},
    {"bitmask", true, bitmask_refusal, [](const CsrView& a) { return stored(to_bitmask(a)); }},
    bsr<1, 4>("bsr/1x4"),
    bsr<4, 1>("bsr/4x1"),
    bsr<4, 4>("bsr/4x4"),
    bsr<8, 8>("bsr/8x8"),
    bsr<16, 1>("bsr/16x1"),
    bsr<16, 16>("bsr/16x16"),
    bsr<32, 32>("bsr/32x32"),
    n_of_m<1, 4>("n:m/1:4"),
    n_of_m<2, 4>("n:m/2:4"),
    n_of_m<4, 8>("n:m/4:8"),
    sliced_ell<8, 1>("sliced_ell/8"),
    sliced_ell<16, 1>("sliced_ell/16"),
    sliced_ell<16, 256>("sliced_ell/16/256"),
};
}  // namespace

std::span<const Format> formats() {
  return kFormats;
}
}  // namespace tulle
