#include "cli/interrupt.hpp"
#include <fcntl.h>
#include <unistd.h>
#include <csignal>
#include <thread>
#include "core/leftovers.hpp"

namespace tulle::cli {
namespace {
constexpr int kInterrupted = 130;
}

// A thread that waits for the signals may do what a signal handler may not.
void end_on_interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int which = 0;
    while (sigwait(&signals, &which) != 0) {
    }
    leave(kInterrupted);
  }).detach();
}

void open_standard_streams() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", O_RDWR);  // takes the lowest free number: this one
}
}  // namespace tulle::cli
