#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace oriel::testing {

/// Runs a program to its end; std::runtime_error with its output when it fails. `user`: run as that account
/// (needs root).
void run_program(std::vector<std::string> arguments, std::string const& user = {});

/// Starts a program that goes on, its output thrown away; it dies with this process.
[[nodiscard]] pid_t start_program(std::vector<std::string> arguments, std::string const& user = {});

/// Sends the signal and waits until the process is gone.
void end_process(pid_t process, int signal);

}  // namespace oriel::testing
