// The part of the zip format (PKWARE APPNOTE 6.3) that NumPy uses. The central directory is believed, after
// checks; a member's own header only tells where its data begin.
#include "io/npz.hpp"

#include <zlib.h>

#include <cstring>
#include <limits>
#include <set>

#include "io/file.hpp"
#include "io/npy.hpp"

namespace tulle::io {
namespace {
constexpr std::uint32_t kLocalMagic = 0x04034b50, kEntryMagic = 0x02014b50, kEndMagic = 0x06054b50;
constexpr Index kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22, kMostCommentBytes = 65535;
constexpr Index kDeflateAtBest =
    1032;  // a byte of deflate gives no more than this many (zlib's documentation)
constexpr Index kMost32 = std::numeric_limits<std::uint32_t>::max();

template <class T>
T number(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

struct Member {
  std::string name;
  unsigned method = 0;
  std::uint32_t crc = 0;
  Index packed_bytes = 0, bytes = 0, header_offset = 0;
};

struct Directory {
  Index entries, bytes, offset;
};

Directory find_directory(const InputFile& file) {
  const Index tail_bytes = std::min(file.size_bytes(), kEndBytes + kMostCommentBytes);
  const std::vector<std::byte> tail = file.read(file.size_bytes() - tail_bytes, tail_bytes);
  for (Index at = tail_bytes - kEndBytes; at >= 0; --at) {
    const std::byte* end = tail.data() + at;
    if (number<std::uint32_t>(end) != kEndMagic ||
        number<std::uint16_t>(end + 20) != tail_bytes - at - kEndBytes)
      continue;
    const Directory d{number<std::uint16_t>(end + 10), number<std::uint32_t>(end + 12),
                      number<std::uint32_t>(end + 16)};
    if (number<std::uint16_t>(end + 8) != d.entries || number<std::uint32_t>(end + 4) != 0)
      throw Error(file.name(), "is a zip archive in several parts, which is not read");
    if (d.entries == 0xffff || d.bytes == kMost32 || d.offset == kMost32)
      throw Error(file.name(), "is a zip64 archive (over 4 GiB or 65534 members), which is not read");
    return d;
  }
  throw Error(file.name(), "is no .npz: no end of a zip archive is found (cut short?)");
}

Member parse_entry(std::span<const std::byte> entry, const std::string& where) {
  const std::byte* p = entry.data();
  if (std::ssize(entry) < kEntryBytes || number<std::uint32_t>(p) != kEntryMagic)
    throw Error(where, "the zip directory is damaged");
  const Index name_bytes = number<std::uint16_t>(p + 28);
  if (name_bytes > std::ssize(entry) - kEntryBytes) throw Error(where, "the zip directory is damaged");
  Member m{std::string(reinterpret_cast<const char*>(p + kEntryBytes), static_cast<std::size_t>(name_bytes)),
           number<std::uint16_t>(p + 10),
           number<std::uint32_t>(p + 16),
           number<std::uint32_t>(p + 20),
           number<std::uint32_t>(p + 24),
           number<std::uint32_t>(p + 42)};
  const std::string who = where + ": '" + m.name + "'";
  if (number<std::uint16_t>(p + 8) & 1) throw Error(who, "is encrypted");
  if (m.method != 0 && m.method != Z_DEFLATED)
    throw Error(who, "compression method " + std::to_string(m.method) +
                         " is not supported, 0 (stored) and 8 (deflate) are");
  if (m.packed_bytes == kMost32 || m.bytes == kMost32 || m.header_offset == kMost32)
    throw Error(who, "has zip64 sizes (over 4 GiB), which are not read");
  return m;
}

std::vector<Member> read_directory(const InputFile& file) {
  const Directory d = find_directory(file);
  const std::vector<std::byte> bytes = file.read(d.offset, d.bytes);
  if (d.entries * kEntryBytes > d.bytes)
    throw Error(file.name(),
                "the zip directory is too short for its " + std::to_string(d.entries) + " members");
  std::vector<Member> members;
  std::set<std::string> names;
  std::span<const std::byte> rest(bytes);
  for (Index i = 0; i < d.entries; ++i) {
    members.push_back(parse_entry(rest, file.name()));
    if (!names.insert(members.back().name).second)
      throw Error(file.name(), "holds '" + members.back().name + "' twice");
    const Index used = kEntryBytes + number<std::uint16_t>(rest.data() + 28) +
                       number<std::uint16_t>(rest.data() + 30) + number<std::uint16_t>(rest.data() + 32);
    if (used > std::ssize(rest)) throw Error(file.name(), "the zip directory is damaged");
    rest = rest.subspan(static_cast<std::size_t>(used));
  }
  return members;
}

/// The bytes of one member in order, unpacked; counts and sums them for the check at the end.
class MemberReader {
 public:
  MemberReader(const InputFile& file, const Member& member, std::string where)
      : file_(file),
        member_(member),
        where_(std::move(where)),
        at_(data_offset()),
        left_(member.packed_bytes) {
    if (member.method == 0 && member.packed_bytes != member.bytes)
      fail("is stored, but its two sizes differ");
    if (member.bytes > checked_mul(member.packed_bytes, kDeflateAtBest))
      fail("says it unpacks to more than deflate can hold");
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) fail("zlib has no memory");
  }
  MemberReader(const MemberReader&) = delete;
  MemberReader& operator=(const MemberReader&) = delete;
  ~MemberReader() { inflateEnd(&stream_); }

  void next(std::span<std::byte> out) {
    if (member_.method == 0)
      take(out);
    else
      inflate_all(out);
    given_ += std::ssize(out);
    for (std::size_t from = 0; from < out.size(); from += kPiece) {
      const std::span<std::byte> piece = out.subspan(from, std::min(kPiece, out.size() - from));
      crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
    }
  }
  void finish() {
    if (given_ != member_.bytes || has_more()) fail("holds more bytes than it says");
    if (crc_ != member_.crc) fail("the checksum (CRC-32) is wrong: the file is damaged");
  }

 private:
  static constexpr std::size_t kPiece = 1 << 16;

  Index data_offset() const {
    const std::vector<std::byte> local = file_.read(member_.header_offset, kLocalBytes);
    if (number<std::uint32_t>(local.data()) != kLocalMagic)
      fail("the zip directory points at something else");
    return member_.header_offset + kLocalBytes + number<std::uint16_t>(local.data() + 26) +
           number<std::uint16_t>(local.data() + 28);
  }
  void take(std::span<std::byte> out) {
    if (std::ssize(out) > left_) fail("ends early");
    file_.read(at_, out);
    at_ += std::ssize(out);
    left_ -= std::ssize(out);
  }
  void inflate_all(std::span<std::byte> out) {
    while (!out.empty()) {
      if (ended_) fail("unpacks to less than it says");
      out = out.subspan(inflate_some(out));
    }
  }
  bool has_more() {
    std::byte extra[1];
    while (member_.method != 0 && !ended_)
      if (inflate_some(extra) > 0) return true;
    return false;
  }
  /// Unpacks into the front of out; how many bytes that gave.
  std::size_t inflate_some(std::span<std::byte> out) {
    if (stream_.avail_in == 0 && left_ > 0) {
      const std::span piece(input_, static_cast<std::size_t>(std::min<Index>(left_, sizeof input_)));
      take(piece);
      stream_.next_in = reinterpret_cast<Bytef*>(input_);
      stream_.avail_in = static_cast<uInt>(piece.size());
    }
    const std::size_t room = std::min<std::size_t>(out.size(), 1u << 30);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) fail("the compressed data are damaged or cut short");
    ended_ = status == Z_STREAM_END;
    return room - stream_.avail_out;
  }
  [[noreturn]] void fail(const std::string& what) const { throw Error(where_, what); }

  const InputFile& file_;
  const Member& member_;
  std::string where_;
  Index at_, left_, given_ = 0;
  std::byte input_[kPiece];
  z_stream stream_{};
  bool ended_ = false;
  uLong crc_ = 0;
};
}  // namespace

NamedTensors read_npz(const std::filesystem::path& path, Index most_bytes) {
  const InputFile file(path);
  NamedTensors tensors;
  for (const Member& member : read_directory(file)) {
    const std::string where = file.name() + ": '" + member.name + "'";
    if (!member.name.ends_with(".npy")) throw Error(where, "is no array (.npy)");
    MemberReader reader(file, member, where);
    Tensor t =
        read_npy_stream([&](std::span<std::byte> out) { reader.next(out); }, member.bytes, most_bytes, where);
    reader.finish();
    most_bytes -= static_cast<Index>(t.size_bytes());
    tensors.emplace_back(member.name.substr(0, member.name.size() - 4), std::move(t));
  }
  return tensors;
}

namespace {
template <class T>
void append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// What a local header and a directory entry have in common: version, flags (names in UTF-8), method 0, date,
/// sizes.
std::string common_header(std::uint32_t crc, std::uint32_t bytes, std::size_t name_bytes) {
  std::string h;
  constexpr std::uint16_t kVersion = 20, kUtf8 = 1 << 11, kStored = 0, kMidnight = 0,
                          kFirstOf1980 = 1 << 5 | 1;
  for (std::uint16_t x : {kVersion, kUtf8, kStored, kMidnight, kFirstOf1980}) append(h, x);
  for (std::uint32_t x : {crc, bytes, bytes}) append(h, x);
  append(h, static_cast<std::uint16_t>(name_bytes));
  append(h, std::uint16_t{0});
  return h;
}

using ByteSpan = std::span<const std::byte>;

uLong checksum(std::string_view header, ByteSpan data) {
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(header.data()), header.size());
  return data.empty() ? crc : crc32_z(crc, reinterpret_cast<const Bytef*>(data.data()), data.size());
}

/// A zip archive of stored members, as it is being written.
class Archive {
 public:
  explicit Archive(const std::filesystem::path& path) : path_(path.string()), file_(path) {}

  /// `header` and `data` are the bytes of the member, one after the other.
  void add(const std::string& name, const std::string& header, ByteSpan data) {
    const std::string member = name + ".npy";
    if (member.size() > 0xffff)
      throw Error(path_, "a name of " + std::to_string(name.size()) + " bytes does not fit a zip archive");
    if (!names_.insert(member).second) throw Error(path_, "'" + name + "' is to be written twice");
    if (data.size() > static_cast<std::size_t>(kMost32))
      throw Error(path_, "'" + name + "' is larger than 4 GiB");
    const std::string common =
        common_header(static_cast<std::uint32_t>(checksum(header, data)),
                      static_cast<std::uint32_t>(header.size() + data.size()), member.size());
    std::string local, entry;
    append(local, kLocalMagic);
    append(entry, kEntryMagic);
    append(entry, std::uint16_t{20});
    entry += common;
    entry.append(10, '\0');  // no comment, disk 0, no attributes
    append(entry, static_cast<std::uint32_t>(at_));
    directory_ += entry + member;
    local += common + member + header;
    put(std::as_bytes(std::span(local)));
    put(data);
  }

  void commit() {
    if (names_.size() > 65534) throw Error(path_, "a zip archive holds at most 65534 arrays");
    std::string end;
    append(end, kEndMagic);
    for (std::size_t x : {std::size_t{0}, std::size_t{0}, names_.size(), names_.size()})
      append(end, static_cast<std::uint16_t>(x));
    append(end, static_cast<std::uint32_t>(directory_.size()));
    append(end, static_cast<std::uint32_t>(at_));
    append(end, std::uint16_t{0});
    put(std::as_bytes(std::span(directory_)));
    put(std::as_bytes(std::span(end)));
    file_.commit();
  }

 private:
  void put(ByteSpan bytes) {
    file_.write(bytes);
    at_ += std::ssize(bytes);
    if (at_ > kMost32) throw Error(path_, "would be larger than the 4 GiB of a plain zip archive");
  }

  std::string path_, directory_;
  OutputFile file_;
  std::set<std::string> names_;
  Index at_ = 0;
};
}  // namespace

void write_npz(const std::filesystem::path& path, std::span<const std::pair<std::string, Tensor>> tensors,
               std::span<const std::pair<std::string, std::string>> texts) {
  Archive archive(path);
  for (const auto& [name, text] : texts)
    archive.add(name, npy_header("|S" + std::to_string(text.size()), {}), std::as_bytes(std::span(text)));
  for (const auto& [name, tensor] : tensors)
    archive.add(name, npy_header(tensor.type(), path.string() + ": '" + name + "'"),
                {static_cast<const std::byte*>(tensor.data()), tensor.size_bytes()});
  archive.commit();
}
}  // namespace tulle::io
