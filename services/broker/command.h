#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "libs/base/result.h"

namespace oriel::broker {

/// Runs a program of the image by its absolute path, with an empty environment, and returns its standard
/// output (at most 1 MiB). A status other than 0 is kInternal with what it wrote to standard error; after
/// `deadline` it is killed. Blocks.
[[nodiscard]] Result<std::string> run_command(std::vector<std::string> const& arguments,
                                              std::string const& input = {},
                                              std::chrono::milliseconds deadline = std::chrono::seconds(10));

}  // namespace oriel::broker
