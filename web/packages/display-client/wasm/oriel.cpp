// What the browser sees of the decoder: a flat C API over one decoder per module instance. README.md beside
// this file documents it.
#include <stdint.h>
#include <stdlib.h>

#include "display/decode/decoder.h"

namespace {

using oriel::display::Decoder;
using oriel::display::DecodeStatus;

// One instance of the module serves one stream; static storage needs no allocation and no C++ runtime to tear
// it down.
Decoder decoder;
uint8_t* input = nullptr;
uint32_t input_capacity = 0;
uint32_t input_length = 0;
uint32_t position = 0;
uint8_t const* body = nullptr;
uint32_t body_length = 0;

}  // namespace

extern "C" {

__attribute__((export_name("oriel_version"))) uint32_t oriel_version() {
  return oriel::display::protocol::kVersion;
}

__attribute__((export_name("oriel_input"))) uint8_t* oriel_input(uint32_t length) {
  if (length > input_capacity) {
    free(input);
    // Messages are 32 KiB as a rule; room for the usual one from the start, so that this happens rarely.
    uint32_t const capacity = length < 65536 ? 65536 : length;
    input = static_cast<uint8_t*>(malloc(capacity));
    input_capacity = input == nullptr ? 0 : capacity;
  }
  input_length = input == nullptr ? 0 : length;
  position = 0;
  return input;
}

__attribute__((export_name("oriel_next"))) int32_t oriel_next() {
  using oriel::display::protocol::kHeaderSize;
  using oriel::display::protocol::Message;
  while (position < input_length) {
    if (input_length - position < kHeaderSize) return static_cast<int32_t>(DecodeStatus::kBadMessage);
    uint8_t const* header = input + position;
    uint32_t const length = static_cast<uint32_t>(header[1]) | static_cast<uint32_t>(header[2]) << 8 |
                            static_cast<uint32_t>(header[3]) << 16 | static_cast<uint32_t>(header[4]) << 24;
    position += kHeaderSize;
    if (length > input_length - position) return static_cast<int32_t>(DecodeStatus::kBadMessage);
    body = header + kHeaderSize;
    body_length = length;
    position += length;
    DecodeStatus const status = decoder.push(header[0], body, length);
    if (status != DecodeStatus::kOk) return static_cast<int32_t>(status);
    if (header[0] != static_cast<uint8_t>(Message::kLz)) return header[0];
  }
  return 0;
}

__attribute__((export_name("oriel_push"))) int32_t oriel_push(uint32_t type, uint8_t const* bytes,
                                                              uint32_t length) {
  return static_cast<int32_t>(decoder.push(static_cast<uint8_t>(type), bytes, length));
}

__attribute__((export_name("oriel_body"))) const uint8_t* oriel_body() { return body; }
__attribute__((export_name("oriel_body_length"))) uint32_t oriel_body_length() { return body_length; }
__attribute__((export_name("oriel_frame_buffer"))) const uint8_t* oriel_frame_buffer() {
  return decoder.frame_buffer();
}
__attribute__((export_name("oriel_width"))) uint32_t oriel_width() { return decoder.width(); }
__attribute__((export_name("oriel_height"))) uint32_t oriel_height() { return decoder.height(); }
__attribute__((export_name("oriel_dirty_count"))) uint32_t oriel_dirty_count() {
  return decoder.dirty_count();
}
__attribute__((export_name("oriel_dirty_rectangles"))) const void* oriel_dirty_rectangles() {
  return decoder.dirty();
}
__attribute__((export_name("oriel_clear_dirty"))) void oriel_clear_dirty() { decoder.clear_dirty(); }
__attribute__((export_name("oriel_end"))) const void* oriel_end() { return &decoder.end(); }
__attribute__((export_name("oriel_epoch"))) uint32_t oriel_epoch() { return decoder.epoch(); }
}
