#pragma once

namespace tulle::cli {
/// From here on SIGINT and SIGTERM remove unfinished files and end the program with exit code 130. To be called before
/// any thread is started.
void end_on_interrupt();
/// A program started with closed standard streams would open its files under their numbers; they become /dev/null.
void open_standard_streams();
}  // namespace tulle::cli
