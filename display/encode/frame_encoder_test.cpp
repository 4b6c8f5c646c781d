#include "display/encode/frame_encoder.h"

#include <random>

#include <gtest/gtest.h>

#include "display/decode/decoder.h"
#include "display/limits.h"
#include "protocol/display/messages.h"

namespace oriel::display {
namespace {

// A screen that a test draws on, with the pieces a capture would give.
class Canvas {
 public:
  explicit Canvas(Size size) : size_(size), pixels_(size.pixels()) {}

  void fill(Rectangle const& area, std::uint32_t colour) {
    for_each(area, [colour](std::uint32_t, std::uint32_t) { return colour; });
  }
  template <typename Colour>
  void for_each(Rectangle const& area, Colour colour) {
    for (std::uint32_t y = area.y; y < std::min(area.bottom(), size_.height); ++y)
      for (std::uint32_t x = area.x; x < std::min(area.right(), size_.width); ++x)
        pixels_[static_cast<std::size_t>(y) * size_.width + x] = colour(x, y);
  }
  // What lies `dx, dy` up and left of each pixel of the area moves into it.
  void move_into(Rectangle const& area, int dx, int dy) {
    auto const old = pixels_;
    for_each(area, [&](std::uint32_t x, std::uint32_t y) {
      auto const from_x = std::clamp(static_cast<int>(x) - dx, 0, static_cast<int>(size_.width) - 1);
      auto const from_y = std::clamp(static_cast<int>(y) - dy, 0, static_cast<int>(size_.height) - 1);
      return old[static_cast<std::size_t>(from_y) * size_.width + static_cast<std::size_t>(from_x)];
    });
  }
  [[nodiscard]] Piece piece(Rectangle const& area) const {
    return {area, pixels_.data() + static_cast<std::size_t>(area.y) * size_.width + area.x, size_.width};
  }
  [[nodiscard]] Piece whole() const { return piece({0, 0, size_.width, size_.height}); }
  [[nodiscard]] Size size() const { return size_; }
  [[nodiscard]] std::uint32_t at(std::uint32_t x, std::uint32_t y) const {
    return pixels_[static_cast<std::size_t>(y) * size_.width + x];
  }

 private:
  Size size_;
  std::vector<std::uint32_t> pixels_;
};

// An encoder whose messages go straight into a decoder.
struct Link {
  explicit Link(Size size)
      : encoder([this](Bytes message) { receive(message); }), picture(size), changed(size) {
    encoder.reset(1, false, size);
  }

  void receive(Bytes const& message) {
    EXPECT_LE(message.size(), protocol::kMessageTarget);
    bytes += message.size();
    for (std::size_t at = 0; at < message.size();) {
      ASSERT_LE(at + protocol::kHeaderSize, message.size());
      std::uint32_t const length = message[at + 1] | static_cast<std::uint32_t>(message[at + 2]) << 8 |
                                   static_cast<std::uint32_t>(message[at + 3]) << 16;
      ASSERT_LE(at + protocol::kHeaderSize + length, message.size());
      ASSERT_EQ(decoder.push(message[at], message.data() + at + protocol::kHeaderSize, length),
                DecodeStatus::kOk);
      at += protocol::kHeaderSize + length;
    }
  }

  int send_frame(std::uint32_t frame) {
    encoder.begin(picture, changed, {frame, frame * 1000ULL, frame + 5, protocol::kEndExact}, {});
    int steps = 1;
    while (encoder.step(limits::kEncodeStepBytes)) ++steps;
    changed.clear();
    return steps;
  }

  void expect_equal(Canvas const& canvas) const {
    ASSERT_EQ(decoder.width(), canvas.size().width);
    ASSERT_EQ(decoder.height(), canvas.size().height);
    for (std::uint32_t y = 0; y < canvas.size().height; ++y)
      for (std::uint32_t x = 0; x < canvas.size().width; ++x) {
        std::uint8_t const* const got =
            decoder.frame_buffer() + (static_cast<std::size_t>(y) * canvas.size().width + x) * 4;
        std::uint32_t const colour =
            static_cast<std::uint32_t>(got[0]) << 16 | static_cast<std::uint32_t>(got[1]) << 8 | got[2];
        ASSERT_EQ(colour, canvas.at(x, y) & 0xffffff) << x << ',' << y;
      }
  }

  FrameEncoder encoder;
  Decoder decoder;
  Picture picture;
  BlockMap changed;
  std::size_t bytes = 0;
};

TEST(FrameEncoder, ReproducesRandomDamageExactly) {
  std::mt19937 random(1);
  for (Size const size :
       {Size{1, 1}, Size{15, 17}, Size{16, 16}, Size{33, 70}, Size{333, 201}, Size{640, 480}}) {
    Canvas canvas(size);
    Link link(size);
    link.changed.set_all();
    link.send_frame(1);
    link.expect_equal(canvas);
    for (std::uint32_t frame = 2; frame < 40; ++frame) {
      std::vector<Rectangle> damage;
      for (unsigned count = random() % 6; count > 0; --count) {
        Rectangle area{static_cast<std::uint32_t>(random() % size.width),
                       static_cast<std::uint32_t>(random() % size.height), 0, 0};
        area.width = static_cast<std::uint32_t>(1 + random() % (size.width - area.x));
        area.height = static_cast<std::uint32_t>(1 + random() % (size.height - area.y));
        damage.push_back(area);
        switch (random() % 6) {
          case 3:
            canvas.move_into(area, 0, static_cast<int>(random() % 100) - 50);
            break;
          case 4:
            canvas.move_into(area, static_cast<int>(random() % 100) - 50,
                             static_cast<int>(random() % 100) - 50);
            break;
          case 0:
            canvas.fill(area, static_cast<std::uint32_t>(random()));
            break;
          case 1:
            canvas.for_each(area, [&random](std::uint32_t, std::uint32_t) {
              return static_cast<std::uint32_t>(random());
            });
            break;
          case 2:
            canvas.for_each(area, [](std::uint32_t x, std::uint32_t y) {
              return (x / 3 + y / 5) % 2 == 0 ? 0xffffffU : 0x202020U;
            });
            break;
          default:
            break;  // Damage without a change.
        }
      }
      for (auto const& area : damage) link.picture.update(canvas.piece(area), link.changed);
      link.send_frame(frame);
      EXPECT_EQ(link.decoder.end().frame, frame);
      EXPECT_EQ(link.decoder.end().input_sequence, frame + 5);
      ASSERT_NO_FATAL_FAILURE(link.expect_equal(canvas)) << size << " frame " << frame;
    }
  }
}

TEST(FrameEncoder, PaysLittleForAScroll) {
  Canvas canvas({800, 600});
  std::mt19937 random(3);
  canvas.for_each({0, 0, 800, 600}, [&random](std::uint32_t, std::uint32_t) {
    return random() % 3 == 0 ? static_cast<std::uint32_t>(random()) : 0xffffff;
  });
  Link link({800, 600});
  link.picture.update(canvas.whole(), link.changed);
  link.send_frame(1);
  for (std::uint32_t frame = 2; frame < 10; ++frame) {
    canvas.move_into({0, 0, 800, 600}, 0, frame % 2 == 0 ? 32 : -32);
    link.picture.update(canvas.whole(), link.changed);
    std::size_t const before = link.bytes;
    link.send_frame(frame);
    link.expect_equal(canvas);
    EXPECT_LT(link.bytes - before, 800U * 64 * 3) << frame;  // All of it would be 1.4 MB.
  }
}

TEST(FrameEncoder, SendsNothingForWhatChangedBack) {
  Canvas canvas({320, 200});
  Link link({320, 200});
  canvas.fill({0, 0, 100, 100}, 0x00ff00);
  link.picture.update(canvas.whole(), link.changed);
  link.send_frame(1);
  canvas.fill({50, 50, 100, 100}, 0xff0000);
  link.picture.update(canvas.whole(), link.changed);
  canvas.fill({50, 50, 100, 100}, 0);
  canvas.fill({0, 0, 100, 100}, 0x00ff00);
  link.picture.update(canvas.whole(), link.changed);
  EXPECT_FALSE(link.changed.empty());
  std::size_t const before = link.bytes;
  link.send_frame(2);
  EXPECT_EQ(link.bytes - before, 22U);
  link.expect_equal(canvas);
}

TEST(FrameEncoder, CutsLargeFramesIntoStepsAndMessages) {
  Canvas canvas({1920, 1080});
  std::mt19937 random(2);
  canvas.for_each({0, 0, 1920, 1080},
                  [&random](std::uint32_t, std::uint32_t) { return static_cast<std::uint32_t>(random()); });
  Link link({1920, 1080});
  link.picture.update(canvas.whole(), link.changed);
  int const steps = link.send_frame(1);
  EXPECT_GT(steps, 100);
  EXPECT_GT(link.bytes, std::size_t{1920} * 1080 * 3);  // Noise does not compress.
  link.expect_equal(canvas);
}

TEST(FrameEncoder, SendsNothingButTheEndWithoutChanges) {
  Link link({320, 200});
  std::size_t const before = link.bytes;
  link.send_frame(1);
  EXPECT_EQ(link.bytes - before, 22U);
  EXPECT_EQ(link.decoder.end().frame, 1U);
}

TEST(FrameEncoder, PaysLittleForFlatColour) {
  Canvas canvas({1920, 1080});
  canvas.fill({0, 0, 1920, 1080}, 0x336699);
  Link link({1920, 1080});
  link.picture.update(canvas.whole(), link.changed);
  std::size_t const before = link.bytes;
  link.send_frame(1);
  EXPECT_LT(link.bytes - before, 100U);
  link.expect_equal(canvas);
}

TEST(FrameEncoder, SendsTheColdFirstWhenNotAllFits) {
  Size const size{640, 480};
  Canvas canvas(size);
  Link link(size);
  HeatMap heat(size);
  std::mt19937 random(9);
  Rectangle const video{0, 0, 640, 400};
  auto const frame = [&](std::uint32_t number, std::size_t budget) {
    link.picture.update(canvas.whole(), link.changed);
    heat.note(link.changed);
    auto deferred =
        link.encoder.begin(link.picture, link.changed, {number, 0, 0, protocol::kEndExact}, {budget, &heat});
    while (link.encoder.step(limits::kEncodeStepBytes)) continue;
    link.changed = std::move(deferred);
  };
  for (std::uint32_t number = 1; number < 30; ++number) {
    canvas.for_each(video,
                    [&random](std::uint32_t, std::uint32_t) { return static_cast<std::uint32_t>(random()); });
    frame(number, 100'000);  // A whole frame of it is 768 kB.
    if (number > 3) EXPECT_EQ(link.decoder.end().flags & protocol::kEndExact, 0);
  }
  // Something is typed below the video: it is in the very next frame.
  canvas.fill({100, 440, 8, 16}, 0xff0000);
  canvas.for_each(video,
                  [&random](std::uint32_t, std::uint32_t) { return static_cast<std::uint32_t>(random()); });
  std::size_t const before = link.bytes;
  frame(30, 100'000);
  EXPECT_LT(link.bytes - before, 130'000U);
  EXPECT_EQ(link.decoder.frame_buffer()[(440U * 640 + 100) * 4], 0xff);
  // When the video stops, what was put off follows until all is exact; every row gets its turn.
  std::uint32_t number = 31;
  for (; number < 60 && (link.decoder.end().flags & protocol::kEndExact) == 0; ++number)
    frame(number, 100'000);
  EXPECT_LT(number, 45U);
  link.expect_equal(canvas);
}

TEST(FrameEncoder, StartsAnewAfterReset) {
  Canvas canvas({100, 100});
  canvas.for_each({0, 0, 100, 100}, [](std::uint32_t x, std::uint32_t y) { return x * 7 + y * 300; });
  Link link({100, 100});
  link.picture.update(canvas.whole(), link.changed);
  BlockMap const all = link.changed;
  link.encoder.begin(link.picture, all, {1, 0, 0, 0}, {});
  (void)link.encoder.step(1000);
  EXPECT_TRUE(link.encoder.busy());
  link.encoder.reset(2, false, {100, 100});  // In the middle of a frame.
  EXPECT_FALSE(link.encoder.busy());
  link.changed = all;
  link.send_frame(2);
  link.expect_equal(canvas);
  link.encoder.reset(3, true, {100, 100});
  canvas.fill({40, 40, 5, 5}, 0xff0000);
  link.picture.update(canvas.whole(), link.changed);
  EXPECT_EQ(link.changed.count(), 1U);
  link.send_frame(3);
  link.expect_equal(canvas);
}

}  // namespace
}  // namespace oriel::display
