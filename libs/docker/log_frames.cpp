#include "libs/docker/log_frames.h"

#include <algorithm>

#include "libs/base/text.h"

namespace oriel::docker {

namespace {
constexpr std::size_t kHeaderBytes = 8;
}

void LogFrames::keep(std::string_view text) {
  kept_ += text;
  // Cut rarely, so that a long log costs no quadratic copying.
  if (kept_.size() > 2 * limit_) {
    kept_.erase(0, kept_.size() - limit_);
    dropped_ = true;
  }
}

void LogFrames::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (plain_) {
      keep(bytes);
      return;
    }
    if (left_ > 0) {
      auto const piece = bytes.substr(0, left_);
      keep(piece);
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
      continue;
    }
    auto const wanted = std::min(bytes.size(), kHeaderBytes - header_.size());
    header_ += bytes.substr(0, wanted);
    bytes.remove_prefix(wanted);
    // A terminal's output has no frames; nobody's first text is 0, 1 or 2 followed by three zeros.
    bool const framed =
        header_[0] <= 2 && header_[0] >= 0 &&
        std::all_of(header_.begin() + 1,
                    header_.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(header_.size(), 4)),
                    [](char c) { return c == 0; });
    if (!framed) {
      plain_ = true;
      keep(header_);
      header_.clear();
      continue;
    }
    if (header_.size() < kHeaderBytes) continue;
    for (std::size_t i = 4; i < kHeaderBytes; ++i)
      left_ = left_ << 8 | static_cast<unsigned char>(header_[i]);
    header_.clear();
  }
}

std::string LogFrames::text() const {
  std::string_view text = kept_;
  bool dropped = dropped_;
  if (text.size() > limit_) {
    text.remove_prefix(text.size() - limit_);
    dropped = true;
  }
  if (dropped) {
    auto const line_end = text.find('\n');
    if (line_end != std::string_view::npos) text.remove_prefix(line_end + 1);
  }
  // A bad byte becomes three: the end is what counts, and the bound holds for what is handed out.
  auto whole = to_utf8(text, text.size() * 3);
  if (whole.size() <= limit_) return whole;
  auto at = whole.size() - limit_;
  while (at < whole.size() && (static_cast<unsigned char>(whole[at]) & 0xc0) == 0x80) ++at;
  return whole.substr(at);
}

}  // namespace oriel::docker
