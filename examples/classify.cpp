// Which digit is this? classify models/digits_mlp-s90.onnx
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>
#include "tulle/model.hpp"

constexpr std::string_view kImage =
    "  ###   "
    " ## ##  "
    "    ##  "
    "  ###   "
    "    ##  "
    "     ## "
    "    ##  "
    "  ###   ";

int main(int count, char** arguments) try {
  const tulle::Model model = tulle::Model::load(count > 1 ? arguments[1] : "models/digits_mlp-s90.onnx");
  tulle::Session session(model);
  std::vector<float> pixels(kImage.size()), scores(10);
  std::transform(kImage.begin(), kImage.end(), pixels.begin(), [](char c) { return c == '#' ? 1.0f : 0.0f; });
  const tulle::NamedInput input{model.inputs()[0].name, {{tulle::DType::f32, {1, 64}}, pixels.data()}};
  const tulle::NamedOutput output{model.outputs()[0].name, {{tulle::DType::f32, {1, 10}}, scores.data()}};
  session.run({&input, 1}, {&output, 1});
  std::printf("It is a %td.\n", std::max_element(scores.begin(), scores.end()) - scores.begin());
} catch (const tulle::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
