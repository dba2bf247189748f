#pragma once
#include <map>
#include <vector>
#include "formats/conv_shape.hpp"
#include "graph/graph.hpp"

namespace tulle::plan {
ConvShape conv_shape(const graph::Graph&, const graph::Node&);
bool is_image_conv(const graph::Graph&, const graph::Node&);  ///< f32 tulle.Conv of rank 3 or 4 with constant weight

class ImageAnalysis {
 public:
  explicit ImageAnalysis(const graph::Graph&);
  Padding padding(Resolution) const;
  /// Some reader, seen through element-wise nodes, is a convolution with taps beside the pixel, or a pool.
  bool wants_planes(graph::ValueId id) const { return planes_[static_cast<std::size_t>(id)]; }

 private:
  void need(Resolution, const Padding&);
  void join(Resolution, Resolution);
  void align_pitches();
  Resolution root(Resolution) const;
  std::map<Resolution, Resolution> parent_;
  std::map<Resolution, Padding> needs_;
  std::map<Resolution, Index> pitch_;
  std::vector<bool> planes_;
};
}  // namespace tulle::plan
