#pragma once
// Constants of the conversation between display server and browser. README.md beside this file is the
// specification; this header holds its numbers for C++ (web/packages/protocol/src/display.ts for TypeScript).
// It is compiled for the browser too, so it includes no more than <stdint.h>.
#include <stdint.h>

namespace oriel::display::protocol {

/// Version of the conversation: the browser loads `/client/<version>/`.
inline constexpr uint16_t kVersion = 1;

/// `type:u8, length:u32` stand before each body.
inline constexpr uint32_t kHeaderSize = 5;
/// A longer body ends the connection.
inline constexpr uint32_t kMaximumBody = 4U << 20;
/// The server keeps WebSocket messages at or below this size where it can.
inline constexpr uint32_t kMessageTarget = 32U << 10;
/// An unknown type at or above this one is skipped; below, it ends the connection.
inline constexpr uint8_t kFirstOptionalType = 0x80;
/// Window of the epoch's zstd stream, as a power of two.
inline constexpr int kWindowLog = 22;
/// Rows of one band of the column layout.
inline constexpr uint32_t kBandRows = 16;
/// Largest frame buffer in pixels (7680x4320 fits), and the largest side.
inline constexpr uint32_t kMaximumPixels = 1U << 25;
inline constexpr uint32_t kMaximumSide = 16384;
/// Largest cursor side.
inline constexpr uint32_t kMaximumCursorSide = 128;
/// Largest clipboard text, and largest typed text, in bytes of UTF-8.
inline constexpr uint32_t kMaximumClipboard = 1U << 20;
inline constexpr uint32_t kMaximumTypedText = 4096;

/// Types of messages. Routes share one number space.
enum class Message : uint8_t {
  // display route, server to client
  kHello = 0x01,
  kReset = 0x02,
  kLz = 0x03,
  kEnd = 0x04,
  kCursor = 0x05,
  kPointer = 0x06,
  kState = 0x07,
  kPong = 0x08,
  kStats = 0x09,
  // display route, client to server
  kAck = 0x41,
  kView = 0x42,
  kPing = 0x43,
  // input route
  kKey = 0x61,
  kInputPointer = 0x62,
  kWheel = 0x63,
  kRelease = 0x64,
  kTypedText = 0x65,
  kSize = 0x66,
  kLocks = 0x67,
  // clipboard route
  kClipboardText = 0x71,
  kClipboardRefused = 0x72,
};

/// Kinds of records inside the LZ stream.
enum class Record : uint8_t { kFill = 0, kPixels = 1, kCopy = 2, kCache = 3 };

/// Order of the pixels of a PIXELS record.
enum class Layout : uint8_t { kRows = 0, kColumns = 1 };

/// Flags of END.
inline constexpr uint8_t kEndReady = 1;
inline constexpr uint8_t kEndExact = 2;

/// Flags of VIEW.
inline constexpr uint8_t kViewVisible = 1;
inline constexpr uint8_t kViewStats = 2;

/// Bits of KEY's modifiers.
inline constexpr uint8_t kShift = 1;
inline constexpr uint8_t kControl = 2;
inline constexpr uint8_t kAlt = 4;
inline constexpr uint8_t kMeta = 8;
inline constexpr uint8_t kCaps = 16;
inline constexpr uint8_t kNum = 32;
inline constexpr uint8_t kAltGr = 64;

/// Close codes of the WebSocket.
enum class Close : uint16_t {
  kNormal = 1000,
  kRestart = 1012,
  kSessionEnded = 4001,
  kRevoked = 4002,
  kProtocolError = 4003,
  kTakenOver = 4004,
};

}  // namespace oriel::display::protocol
