#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace oriel::docker {

/// Takes apart what `containers/{id}/logs` answers: frames of 8 bytes (stream, 0, 0, 0, length big-endian)
/// and their text when the container has no terminal, plain text when it has one. Feed it pieces cut
/// anywhere.
class LogFrames {
 public:
  /// Keeps at most this much, from the end.
  explicit LogFrames(std::size_t limit) : limit_(limit) {}

  void feed(std::string_view bytes);
  /// The text so far, beginning with a whole character and, when something was dropped, with a whole line.
  [[nodiscard]] std::string text() const;

 private:
  void keep(std::string_view text);

  std::size_t limit_;
  std::string header_;
  std::size_t left_ = 0;  // of the present frame
  bool plain_ = false;
  bool dropped_ = false;
  std::string kept_;
};

}  // namespace oriel::docker
