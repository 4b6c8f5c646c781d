#pragma once

#include <chrono>
#include <string>

namespace oriel::cli {

/// Lines of a command that takes a while: `  1.2 s  database ready`. Standard output.
class Progress {
 public:
  Progress() : begin_(std::chrono::steady_clock::now()) {}
  void say(std::string const& what) const;
  [[nodiscard]] std::chrono::milliseconds elapsed() const;

 private:
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace oriel::cli
