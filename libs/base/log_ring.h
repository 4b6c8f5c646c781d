#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace oriel::log {

/// The newest lines of a log, numbered from 1 without gaps. From any thread.
class Ring {
 public:
  /// Keeps so many lines; what is longer than `line_bytes` is cut.
  Ring(std::size_t lines, std::size_t line_bytes) : most_(lines), line_bytes_(line_bytes) {}

  /// The line without its end.
  void add(std::string_view line);

  struct Line {
    std::uint64_t number = 0;
    std::string text{};
  };
  /// What came after that number and is still kept, oldest first, at most so many.
  [[nodiscard]] std::vector<Line> after(std::uint64_t number, std::size_t most) const;

 private:
  std::size_t const most_;
  std::size_t const line_bytes_;
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
  std::uint64_t added_ = 0;
};

}  // namespace oriel::log
