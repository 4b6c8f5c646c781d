// The decoder with hostile messages: half of the inputs as framed messages, half as records inside a good
// zstd stream.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <zstd.h>

#include "display/decode/decoder.h"
#include "fuzz/target.h"

using oriel::display::Decoder;
using oriel::display::DecodeStatus;
namespace protocol = oriel::display::protocol;

namespace {

void push_messages(Decoder& decoder, std::uint8_t const* data, std::size_t size) {
  while (size >= 3) {
    std::size_t const length = std::min<std::size_t>(
        size - 3, static_cast<std::size_t>(data[1]) | static_cast<std::size_t>(data[2]) << 8);
    if (decoder.push(data[0], data + 3, static_cast<std::uint32_t>(length)) != DecodeStatus::kOk) return;
    data += 3 + length;
    size -= 3 + length;
  }
}

void push_records(Decoder& decoder, std::uint8_t const* data, std::size_t size) {
  std::vector<std::uint8_t> compressed(ZSTD_compressBound(size) + 64);
  ZSTD_CCtx* const stream = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(stream, ZSTD_c_windowLog, 10);
  ZSTD_inBuffer input{data, size, 0};
  ZSTD_outBuffer output{compressed.data(), compressed.size(), 0};
  ZSTD_compressStream2(stream, &output, &input, ZSTD_e_flush);
  ZSTD_freeCCtx(stream);
  // Cut in two, so that records span messages.
  std::size_t const half = output.pos / 2;
  if (decoder.push(static_cast<std::uint8_t>(protocol::Message::kLz), compressed.data(),
                   static_cast<std::uint32_t>(half)) != DecodeStatus::kOk)
    return;
  decoder.push(static_cast<std::uint8_t>(protocol::Message::kLz), compressed.data() + half,
               static_cast<std::uint32_t>(output.pos - half));
  std::uint8_t const end[17] = {1};
  decoder.push(static_cast<std::uint8_t>(protocol::Message::kEnd), end, sizeof end);
}

}  // namespace

ORIEL_FUZZ_TARGET(display_decoder) {
  auto const* const data = reinterpret_cast<std::uint8_t const*>(input.data());
  std::size_t const size = input.size();
  if (size < 1) return;
  Decoder decoder;
  std::uint8_t const reset[9] = {1, 0, 0, 0, 0, 64, 0, 48, 0};
  decoder.push(static_cast<std::uint8_t>(protocol::Message::kReset), reset, sizeof reset);
  if (data[0] % 2 == 0) {
    push_messages(decoder, data + 1, size - 1);
  } else {
    push_records(decoder, data + 1, size - 1);
  }
  // Every pixel that the decoder claims to have can be read.
  std::size_t volatile sum = 0;
  for (std::size_t at = 0; at < std::size_t{decoder.width()} * decoder.height() * 4; at += 4)
    sum = sum + decoder.frame_buffer()[at];
  for (std::uint32_t index = 0; index < decoder.dirty_count(); ++index) {
    auto const& area = decoder.dirty()[index];
    oriel::fuzz::require(area.x + area.width <= decoder.width() && area.y + area.height <= decoder.height(),
                         "what changed lies inside the picture");
  }
}
