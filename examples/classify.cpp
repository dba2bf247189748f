#include <cstdio>
#include <tulle/error.hpp>
#include <tulle/tensor.hpp>

int main() {
  std::printf("%s\n", tulle::to_string(tulle::Shape{1, 64}).c_str());
}
