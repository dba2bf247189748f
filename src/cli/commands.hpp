#pragma once
namespace CLI {
class App;
}

namespace tulle::cli {
// One function a command: adds it to the program with its options, help and what it does. main.cpp calls them all.
void add_inspect(CLI::App&);
void add_bench(CLI::App&);
void add_explain(CLI::App&);
void add_run(CLI::App&);
void add_kernel(CLI::App&);
void add_spmv_kernel(CLI::App& kernel);     // one vector
void add_masked_kernels(CLI::App& kernel);  // its operations over masks
void add_doctor(CLI::App&);
void add_peer(CLI::App&);
void add_lab(CLI::App&);
}  // namespace tulle::cli
