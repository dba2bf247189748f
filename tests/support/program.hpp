#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>
#include "support/temp_folder.hpp"

extern char** environ;

namespace tulle::test {
/// A program of its own: started, waited for, and what it wrote.
class Program {
 public:
  struct End {
    int exit_code = -1;  ///< -1: ended by a signal or killed after too long
    int signal = 0;
    std::string out, err;
  };

  /// `to` is the descriptor that becomes standard output; by default a file that wait() reads.
  explicit Program(const std::vector<std::string>& command, const std::vector<std::string>& environment = {}, int to = -1) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (to >= 0)
      posix_spawn_file_actions_adddup2(&actions, to, 1);
    else
      posix_spawn_file_actions_addopen(&actions, 1, (folder_ / "out").c_str(), O_WRONLY | O_CREAT, 0666);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ / "err").c_str(), O_WRONLY | O_CREAT, 0666);
    std::vector<char*> argv, env;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    for (char** e = environ; *e; ++e) env.push_back(*e);
    for (const std::string& setting : environment) env.insert(env.begin(), const_cast<char*>(setting.c_str()));
    argv.push_back(nullptr);
    env.push_back(nullptr);
    const int error = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), env.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error) throw std::runtime_error(command[0] + " cannot be started");
  }

  void send(int signal) const { kill(pid_, signal); }

  End wait(double seconds = 60) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) kill(pid_, SIGKILL);
      usleep(1000);
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
            text(folder_ / "out"), text(folder_ / "err")};
  }

 private:
  static std::string text(const std::filesystem::path& file) {
    std::stringstream all;
    all << std::ifstream(file).rdbuf();
    return all.str();
  }
  TempFolder folder_;
  pid_t pid_ = -1;
};
}  // namespace tulle::test
