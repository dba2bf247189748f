// gzip (RFC 1952) by zlib and .xz by liblzma, both also of several streams one after the other.
#include "io/compressed.hpp"

#include <lzma.h>
#include <zlib.h>

#include <algorithm>

#include "io/file.hpp"

namespace tulle::io {
namespace {
constexpr Index kXzMemory = Index{256} << 20;  // xz -9 wants 65 MiB to unpack

struct Step {
  std::size_t read = 0, written = 0;
  bool ended = false;
  const char* problem = nullptr;
};

class GzipReader {
 public:
  GzipReader() { ready_ = inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK; }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;
  ~GzipReader() { inflateEnd(&stream_); }

  Step step(std::span<const std::byte> in, bool, std::span<char> out) {
    if (!ready_) return {.problem = "zlib has no memory"};
    if (between_) {
      if (in.empty()) return {.ended = true};
      inflateReset(&stream_);
      between_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    between_ = status == Z_STREAM_END;
    Step done{in.size() - stream_.avail_in, out.size() - stream_.avail_out};
    if (status == Z_BUF_ERROR)
      done.problem = "is cut short";
    else if (status != Z_OK && status != Z_STREAM_END)
      done.problem = "is damaged, or is no gzip file";
    return done;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool between_ = false;  ///< two members: another may follow
};

class XzReader {
 public:
  XzReader() { ready_ = lzma_stream_decoder(&stream_, kXzMemory, LZMA_CONCATENATED) == LZMA_OK; }
  XzReader(const XzReader&) = delete;
  XzReader& operator=(const XzReader&) = delete;
  ~XzReader() { lzma_end(&stream_); }

  Step step(std::span<const std::byte> in, bool last, std::span<char> out) {
    if (!ready_) return {.problem = "liblzma has no memory"};
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret status = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    Step done{in.size() - stream_.avail_in, out.size() - stream_.avail_out, status == LZMA_STREAM_END};
    if (status == LZMA_BUF_ERROR)
      done.problem = "is cut short";
    else if (status == LZMA_MEMLIMIT_ERROR)
      done.problem = "wants more than 256 MiB to be unpacked";
    else if (status != LZMA_OK && !done.ended)
      done.problem = "is damaged, or is no xz file";
    return done;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
};

template <class Reader>
std::string unpacked(std::span<const std::byte> in, Index most_bytes, const std::string& where) {
  constexpr std::size_t kPiece = 1 << 20;  // well below the 32 bits of zlib's counters
  Reader reader;
  std::string out;
  std::size_t size = 0;
  while (true) {
    if (size == out.size()) {
      if (static_cast<Index>(size) > most_bytes)
        throw Error(where,
                    "unpacks to more than the " + std::to_string(most_bytes) + " bytes that are allowed");
      out.resize(
          std::min(std::max(2 * size, 4 * in.size() + 4096), static_cast<std::size_t>(most_bytes) + 1));
    }
    const Step done = reader.step(in.first(std::min(in.size(), kPiece)), in.size() <= kPiece,
                                  std::span(out).subspan(size).first(std::min(out.size() - size, kPiece)));
    if (done.problem) throw Error(where, done.problem);
    in = in.subspan(done.read);
    size += done.written;
    if (done.ended) break;
  }
  out.resize(size);
  return out;
}

std::string gzipped(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error("gzip", "zlib has no memory");
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string xzipped(std::string_view text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  if (lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr,
                              reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                              reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()) != LZMA_OK)
    throw Error("xz", "liblzma has no memory");
  out.resize(size);
  return out;
}
}  // namespace

Packing packing_of(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".gz" ? Packing::gzip : extension == ".xz" ? Packing::xz : Packing::none;
}

std::string read_text(const std::filesystem::path& path, Index most_bytes) {
  const std::vector<std::byte> bytes = read_file(path, most_bytes);
  switch (packing_of(path)) {
    case Packing::gzip:
      return unpacked<GzipReader>(bytes, most_bytes, path.string());
    case Packing::xz:
      return unpacked<XzReader>(bytes, most_bytes, path.string());
    case Packing::none:
      break;
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string packed(std::string_view text, Packing packing) {
  if (packing == Packing::none) return std::string(text);
  if (text.size() >= std::size_t{1} << 32)
    throw Error("packing", std::to_string(text.size()) + " bytes, over 4 GiB");
  return packing == Packing::gzip ? gzipped(text) : xzipped(text);
}
}  // namespace tulle::io
