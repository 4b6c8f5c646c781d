#include "display/session/viewer.h"

#include "display/encode/wire.h"
#include "display/limits.h"
#include "libs/base/text.h"

namespace oriel::display {

Viewer::Viewer(std::string id) : id_(std::move(id)) {}

std::uint32_t Viewer::next_epoch() {
  static std::uint32_t epoch = [] {
    std::array<std::uint8_t, 4> bytes{};
    fill_random(bytes);
    return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
           static_cast<std::uint32_t>(bytes[2]) << 16;
  }();
  return ++epoch;
}

void Viewer::start(Size screen, std::optional<std::uint32_t> epoch, std::optional<std::uint32_t> frame) {
  encoder_ = std::make_unique<FrameEncoder>([this](Bytes message) {
    if (display != nullptr) display->send(std::move(message));
  });
  pacer_ = Pacer();
  if (screen.pixels() == 0) return;

  bool const keep = has_epoch_ && epoch == epoch_ && size_ == screen && frame && *frame != 0 &&
                    *frame <= frame_ &&
                    (*frame == acknowledged_ || (!in_flight_.empty() && *frame >= in_flight_.front().frame));
  if (keep) {
    for (auto const& sent : in_flight_) {
      if (sent.frame <= *frame) continue;
      pending_.add(sent.blocks);
      any_pending_ = true;
    }
  }
  reset(screen, keep);
}

void Viewer::restart(Size screen) {
  if (encoder_) {
    reset(screen, false);
  } else {
    has_epoch_ = false;
  }
}

void Viewer::reset(Size screen, bool keep) {
  size_ = screen;
  epoch_ = next_epoch();
  has_epoch_ = true;
  in_flight_.clear();
  pacer_.reset();
  encoder_->reset(epoch_, keep, screen);
  // Frames are numbered on through the epochs. Until the first of this one is acknowledged there is nothing
  // to resume from.
  acknowledged_ = 0;
  if (!keep) {
    pending_ = BlockMap(screen);
    pending_.set_all();
    any_pending_ = true;
  }
  owes_end_ = true;
}

void Viewer::stop() {
  encoder_.reset();
  display = nullptr;
}

void Viewer::add_changes(BlockMap const& changed) {
  if (!has_epoch_ || pending_.columns() != changed.columns() || pending_.rows() != changed.rows()) return;
  pending_.add(changed);
  any_pending_ = true;
}

bool Viewer::could_send() const {
  return display != nullptr && display->open() && encoder_ && has_epoch_ && !encoder_->busy() &&
         pacer_.has_credit();
}

bool Viewer::wants_frame() const { return could_send() && (any_pending_ || owes_end_); }

void Viewer::begin_frame(Picture const& picture, HeatMap const& heat, std::uint64_t capture_time_us,
                         std::uint8_t flags) {
  ++frame_;
  encode_time_ = {};
  BlockMap deferred = encoder_->begin(picture, pending_, {frame_, capture_time_us, input_sequence, flags},
                                      {pacer_.frame_budget(), &heat});
  in_flight_.push_back({frame_, std::move(pending_)});
  pending_ = std::move(deferred);
  any_pending_ = !pending_.empty();
  owes_end_ = false;
}

bool Viewer::encode_some() {
  if (!encoding()) return false;
  auto const start = steady_clock::now();
  bool const more = encoder_->step(limits::kEncodeStepBytes);
  auto const now = steady_clock::now();
  encode_time_ += now - start;
  if (more) return true;
  pacer_.frame_sent(frame_, encoder_->frame_bytes(), now);
  ++statistics_.frames;
  statistics_.bytes += encoder_->frame_bytes();
  statistics_.encode_us +=
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(encode_time_).count());
  return false;
}

bool Viewer::acknowledge(std::uint32_t epoch, std::uint32_t frame) {
  if (epoch != epoch_) return true;  // Of the epoch before: it crossed our RESET.
  if (!pacer_.frame_acknowledged(frame, steady_clock::now())) return false;
  acknowledged_ = std::max(acknowledged_, frame);
  while (!in_flight_.empty() && in_flight_.front().frame <= frame) in_flight_.pop_front();
  return true;
}

void Viewer::send_cursor(Cursor const& cursor) {
  if (display == nullptr) return;
  Bytes body;
  body.reserve(12 + cursor.rgba.size());
  wire::put_u32(body, cursor.serial);
  wire::put_u16(body, cursor.hot_x);
  wire::put_u16(body, cursor.hot_y);
  wire::put_u16(body, cursor.width);
  wire::put_u16(body, cursor.height);
  body.insert(body.end(), cursor.rgba.begin(), cursor.rgba.end());
  display->send(wire::message(protocol::Message::kCursor, body));
}

}  // namespace oriel::display
