#pragma once
// The tile registers of Intel's matrix extension, all eight of 16 rows of 64 bytes.
#include <cstdint>

namespace tulle {
struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
}  // namespace tulle
