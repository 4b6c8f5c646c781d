#include "display/decode/decoder.h"

#include <random>

#include <gtest/gtest.h>
#include <zstd.h>

#include "display/encode/wire.h"
#include "display/testing/golden.h"

namespace oriel::display {
namespace {

using protocol::Message;

// Pushes a stream of framed messages; stops at the first bad one.
DecodeStatus push_all(Decoder& decoder, Bytes const& stream) {
  for (std::size_t at = 0; at + 5 <= stream.size();) {
    std::uint32_t const length = stream[at + 1] | static_cast<std::uint32_t>(stream[at + 2]) << 8 |
                                 static_cast<std::uint32_t>(stream[at + 3]) << 16;
    auto const status = decoder.push(stream[at], stream.data() + at + 5, length);
    if (status != DecodeStatus::kOk) return status;
    at += 5 + length;
  }
  return DecodeStatus::kOk;
}

DecodeStatus push(Decoder& decoder, Message type, Bytes const& body) {
  return decoder.push(static_cast<std::uint8_t>(type), body.data(), static_cast<std::uint32_t>(body.size()));
}

Bytes reset_body(std::uint32_t epoch, bool keep, std::uint16_t width, std::uint16_t height) {
  Bytes body;
  wire::put_u32(body, epoch);
  wire::put_u8(body, keep ? 1 : 0);
  wire::put_u16(body, width);
  wire::put_u16(body, height);
  return body;
}

// Records as an LZ body: one zstd frame that is begun and flushed but never ended.
Bytes lz(Bytes const& records) {
  Bytes out(ZSTD_compressBound(records.size()) + 64);
  auto* const stream = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(stream, ZSTD_c_windowLog, protocol::kWindowLog);
  ZSTD_inBuffer input{records.data(), records.size(), 0};
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  EXPECT_EQ(ZSTD_compressStream2(stream, &output, &input, ZSTD_e_flush), 0U);
  ZSTD_freeCCtx(stream);
  out.resize(output.pos);
  return out;
}

Bytes fill_record(std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height) {
  Bytes record{0};
  for (auto const value : {x, y, width, height}) wire::put_varint(record, value);
  for (auto const channel : {3U, 2U, 1U}) wire::put_u8(record, channel);
  return record;
}

Bytes rgb_of(Decoder const& decoder) {
  Bytes rgb;
  for (std::size_t pixel = 0; pixel < std::size_t{decoder.width()} * decoder.height(); ++pixel)
    for (std::size_t channel = 0; channel < 3; ++channel)
      rgb.push_back(decoder.frame_buffer()[pixel * 4 + channel]);
  return rgb;
}

TEST(Decoder, DrawsTheGoldenFrames) {
  Decoder decoder;
  ASSERT_EQ(push_all(decoder, testing::golden("frames")), DecodeStatus::kOk);
  EXPECT_EQ(rgb_of(decoder), testing::golden("frames-result"));
  EXPECT_EQ(decoder.end().frame, 2U);
  EXPECT_EQ(decoder.end().input_sequence, 17U);
  EXPECT_EQ(decoder.end().capture_time_us, 2000.0);
  EXPECT_EQ(decoder.end().flags, protocol::kEndReady | protocol::kEndExact);
}

TEST(Decoder, DrawsTheSameWhereverTheStreamIsCut) {
  // The LZ bodies of the golden frames, one byte a message.
  Bytes const stream = testing::golden("frames");
  Decoder decoder;
  for (std::size_t at = 0; at < stream.size();) {
    std::uint32_t const length = stream[at + 1] | static_cast<std::uint32_t>(stream[at + 2]) << 8;
    if (stream[at] == static_cast<std::uint8_t>(Message::kLz)) {
      for (std::uint32_t index = 0; index < length; ++index)
        ASSERT_EQ(decoder.push(stream[at], stream.data() + at + 5 + index, 1), DecodeStatus::kOk);
    } else {
      ASSERT_EQ(decoder.push(stream[at], stream.data() + at + 5, length), DecodeStatus::kOk);
    }
    at += 5 + length;
  }
  EXPECT_EQ(rgb_of(decoder), testing::golden("frames-result"));
}

TEST(Decoder, AcceptsEveryGoldenMessageOfItsRoute) {
  for (auto const* name : {"hello", "reset", "cursor", "cursor-hidden", "pointer", "state", "pong"}) {
    Decoder decoder;
    EXPECT_EQ(push_all(decoder, testing::golden(name)), DecodeStatus::kOk) << name;
  }
}

TEST(Decoder, KeepsThePictureWithResetKeep) {
  Decoder decoder;
  ASSERT_EQ(push_all(decoder, testing::golden("frames")), DecodeStatus::kOk);
  ASSERT_EQ(push(decoder, Message::kReset, reset_body(9, true, 32, 32)), DecodeStatus::kOk);
  EXPECT_EQ(rgb_of(decoder), testing::golden("frames-result"));
  ASSERT_EQ(push(decoder, Message::kLz, lz(fill_record(0, 0, 1, 1))), DecodeStatus::kOk);
  EXPECT_EQ(decoder.frame_buffer()[0], 1);
  ASSERT_EQ(push(decoder, Message::kReset, reset_body(10, false, 32, 32)), DecodeStatus::kOk);
  EXPECT_EQ(rgb_of(decoder), Bytes(32 * 32 * 3, 0));
  EXPECT_EQ(push(decoder, Message::kReset, reset_body(11, true, 33, 32)), DecodeStatus::kBadReset);
}

TEST(Decoder, RefusesRectanglesOutsideThePicture) {
  struct Case {
    std::uint32_t x, y, width, height;
    bool good;
  };
  for (auto const& [x, y, width, height, good] :
       {Case{0, 0, 32, 32, true}, Case{31, 31, 1, 1, true}, Case{32, 0, 1, 1, false},
        Case{0, 32, 1, 1, false}, Case{0, 0, 33, 1, false}, Case{1, 0, 32, 1, false}, Case{0, 0, 0, 1, false},
        Case{0, 0, 1, 0, false}, Case{0xffffffff, 0, 2, 1, false}, Case{0, 1, 1, 0xffffffff, false}}) {
    Decoder decoder;
    ASSERT_EQ(push(decoder, Message::kReset, reset_body(1, false, 32, 32)), DecodeStatus::kOk);
    auto const status = push(decoder, Message::kLz, lz(fill_record(x, y, width, height)));
    EXPECT_EQ(status, good ? DecodeStatus::kOk : DecodeStatus::kBadRecord)
        << x << ' ' << y << ' ' << width << ' ' << height;
    // An error is final.
    if (!good)
      EXPECT_EQ(push(decoder, Message::kReset, reset_body(2, false, 32, 32)), DecodeStatus::kBadRecord);
  }
}

TEST(Decoder, RefusesWhatIsNotSpoken) {
  auto const after_reset = [](Message type, Bytes const& body) {
    Decoder decoder;
    EXPECT_EQ(push(decoder, Message::kReset, reset_body(1, false, 32, 32)), DecodeStatus::kOk);
    return push(decoder, type, body);
  };
  EXPECT_EQ(after_reset(static_cast<Message>(0x20), {}), DecodeStatus::kUnknownType);
  EXPECT_EQ(after_reset(static_cast<Message>(0x80), {1, 2, 3}), DecodeStatus::kOk);
  EXPECT_EQ(after_reset(Message::kLz, {1, 2, 3, 4, 5}), DecodeStatus::kBadStream);
  EXPECT_EQ(after_reset(Message::kLz, lz({9})), DecodeStatus::kBadRecord);
  EXPECT_EQ(after_reset(Message::kLz, lz({1, 0, 0, 1, 1, 2})), DecodeStatus::kBadRecord);  // layout 2
  EXPECT_EQ(after_reset(Message::kLz, lz({0, 0x80, 0x80, 0x80, 0x80, 0x80, 1})),
            DecodeStatus::kBadRecord);  // varint of six bytes
  Bytes copy_later = fill_record(0, 0, 1, 1);
  copy_later.insert(copy_later.end(), {2, 1, 2, 2, 1, 0, 1, 1, 1, 1});
  EXPECT_EQ(after_reset(Message::kLz, lz(copy_later)), DecodeStatus::kBadRecord);
  EXPECT_EQ(after_reset(Message::kLz, lz({2, 1, 2, 2, 1, 1, 1, 1, 1, 1})),
            DecodeStatus::kBadRecord);  // a vector that is not there
  EXPECT_EQ(after_reset(Message::kLz, lz({2, 1, 2, 2, 1, 0, 0, 0, 1, 1})),
            DecodeStatus::kBadRecord);  // a source outside
  EXPECT_EQ(after_reset(Message::kEnd, Bytes(16)), DecodeStatus::kBadMessage);
  EXPECT_EQ(after_reset(Message::kCursor, Bytes(11)), DecodeStatus::kBadMessage);

  Decoder fresh;
  EXPECT_EQ(push(fresh, Message::kLz, lz(fill_record(0, 0, 1, 1))), DecodeStatus::kBadReset);
  Decoder cut;
  ASSERT_EQ(push(cut, Message::kReset, reset_body(1, false, 32, 32)), DecodeStatus::kOk);
  ASSERT_EQ(push(cut, Message::kLz, lz({0, 0, 0})), DecodeStatus::kOk);
  EXPECT_EQ(push(cut, Message::kEnd, Bytes(17)), DecodeStatus::kCutRecord);
  for (auto const& [width, height] :
       {std::pair<std::uint16_t, std::uint16_t>{0, 1}, {1, 0}, {16385, 1}, {16384, 16384}}) {
    Decoder decoder;
    EXPECT_EQ(push(decoder, Message::kReset, reset_body(1, false, width, height)), DecodeStatus::kBadReset);
  }
}

TEST(Decoder, BoundsItsListOfDirtyRectangles) {
  Decoder decoder;
  ASSERT_EQ(push(decoder, Message::kReset, reset_body(1, false, 512, 512)), DecodeStatus::kOk);
  decoder.clear_dirty();
  Bytes records;
  for (std::uint32_t y = 0; y < 32; ++y)
    for (std::uint32_t x = 0; x < 32; ++x) {
      auto const record = fill_record(x * 16, y * 16, 1, 1);
      records.insert(records.end(), record.begin(), record.end());
    }
  ASSERT_EQ(push(decoder, Message::kLz, lz(records)), DecodeStatus::kOk);
  ASSERT_LE(decoder.dirty_count(), Decoder::kMaximumDirty);
  for (std::uint32_t y = 0; y < 32; ++y)
    for (std::uint32_t x = 0; x < 32; ++x) {
      bool covered = false;
      for (std::uint32_t index = 0; index < decoder.dirty_count(); ++index) {
        auto const& area = decoder.dirty()[index];
        covered = covered || (x * 16 >= area.x && x * 16 < area.x + area.width && y * 16 >= area.y &&
                              y * 16 < area.y + area.height);
      }
      EXPECT_TRUE(covered) << x << ' ' << y;
    }
}

TEST(Decoder, SurvivesGarbage) {
  std::mt19937 random(4711);
  std::size_t refused = 0;
  for (int round = 0; round < 4000; ++round) {
    Decoder decoder;
    ASSERT_EQ(push(decoder, Message::kReset, reset_body(1, false, 64, 48)), DecodeStatus::kOk);
    for (int message = 0; message < 8; ++message) {
      Bytes bytes(random() % 200);
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % (round % 2 == 0 ? 256 : 8));
      // Half of it behind a good zstd stream, so that the records are reached.
      auto const type = static_cast<Message>(round % 2 == 0 ? random() % 16 : 3);
      if (push(decoder, type, round % 2 == 0 ? bytes : lz(bytes)) != DecodeStatus::kOk) {
        ++refused;
        break;
      }
    }
  }
  EXPECT_GT(refused, 3000U);
}

}  // namespace
}  // namespace oriel::display
