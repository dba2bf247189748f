#include <CLI/CLI.hpp>
#include <memory>
#include "cli/commands.hpp"
#include "cli/session.hpp"
#include "io/npz.hpp"
#include "runtime/session.hpp"

namespace tulle::cli {
namespace {
struct Arguments {
  SessionArguments session;
  std::string input, output;
};

void require_room(const Model& model, const std::string& path) {
  if (path.ends_with(".npy") && model.outputs().size() != 1)
    throw Error(path, "an .npy file holds one array and the model has " + std::to_string(model.outputs().size()) + " outputs; give an .npz");
}

void run(const Arguments& a) {
  const Model model = load_model(a.session);
  require_room(model, a.output);
  Session session(model, session_options(a.session));
  const lab::Inputs inputs = lab::read_inputs(model, a.input);
  const std::vector<Tensor> made = about(a.session.model, [&] { return session.impl().run_all(lab::views(inputs)); });
  if (a.output.ends_with(".npy")) return io::write_npy(a.output, made[0]);
  io::NamedTensors named;
  for (std::size_t i = 0; i < made.size(); ++i) named.emplace_back(model.outputs()[i].name, made[i]);
  io::write_npz(a.output, named);
}
}  // namespace

void add_run(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("run", "Run a model on inputs from a file and write its outputs.");
  add_session_options(*c, a->session);
  c->add_option("--input", a->input, "Inputs: .npz with the model's input names as keys, or .npy for a single input")->required();
  c->add_option("--output", a->output, "Outputs: .npz with the output names as keys, or .npy for a single output")->required();
  c->footer("Example: tulle run model.onnx --input in.npz --output out.npz");
  c->callback([a] { run(*a); });
}
}  // namespace tulle::cli
