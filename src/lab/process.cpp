#include "lab/process.hpp"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <cstring>
#include "tulle/error.hpp"

extern char** environ;

namespace tulle::lab {
namespace {
constexpr std::size_t kLongestAnswer = std::size_t{64} << 20;

struct Pipe {
  int read = -1, write = -1;
  explicit Pipe(const std::string& name) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw Error("peer '" + name + "'", std::string("no pipe: ") + std::strerror(errno));
    read = ends[0], write = ends[1];
  }
};

// The child gets signals as a program from a shell does, whatever this one blocks or ignores.
struct OwnSignals {
  posix_spawnattr_t attributes;
  OwnSignals() {
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~OwnSignals() { posix_spawnattr_destroy(&attributes); }
};
}  // namespace

Process::Process(std::string name, const std::vector<std::string>& command) : name_(std::move(name)) {
  const Pipe in(name_), out(name_);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const OwnSignals signals;
  const int error = posix_spawnp(&pid_, argv[0], &actions, &signals.attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in.read);
  close(out.write);
  to_ = in.write;
  from_ = out.read;
  if (error) {
    pid_ = -1;
    close(to_);
    close(from_);
    throw Error("peer '" + name_ + "'", "'" + command[0] + "' cannot be started: " + std::strerror(error));
  }
}

Process::~Process() {
  if (to_ >= 0) close(to_);
  if (from_ >= 0) close(from_);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void Process::fail(const std::string& what) {
  int status = 0;
  std::string end;
  if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) {
    pid_ = -1;
    end = WIFSIGNALED(status) ? std::string(" (signal ") + strsignal(WTERMSIG(status)) + ")"
                              : " (exit code " + std::to_string(WEXITSTATUS(status)) + ")";
  }
  throw Error("peer '" + name_ + "'", what + end);
}

std::string Process::read_line(double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (;;) {
    if (const std::size_t at = buffered_.find('\n'); at != std::string::npos) {
      std::string line = buffered_.substr(0, at);
      buffered_.erase(0, at + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{from_, POLLIN, 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) == 0) fail("gave no answer in " + std::to_string(static_cast<int>(seconds)) + " s");
    char chunk[65536];
    const ssize_t got = read(from_, chunk, sizeof chunk);
    if (got <= 0) {
      usleep(20000);  // let the exit code arrive
      fail("ended without an answer");
    }
    buffered_.append(chunk, static_cast<std::size_t>(got));
    if (buffered_.size() > kLongestAnswer) fail("answered more than 64 MiB");
  }
}

nlohmann::json Process::ask(const nlohmann::json& job, double seconds) {
  const std::string line = job.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t n = write(to_, line.data() + sent, line.size() - sent);
    if (n <= 0) fail("closed its input");
    sent += static_cast<std::size_t>(n);
  }
  const nlohmann::json answer = nlohmann::json::parse(read_line(seconds), nullptr, false);
  if (!answer.is_object()) fail("answered what is no JSON object");
  if (answer.contains("error")) throw Error("peer '" + name_ + "'", answer["error"].is_string() ? answer["error"].get<std::string>() : "failed");
  return answer;
}
}  // namespace tulle::lab
