#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// What bounds the display server: foreign input, queues, waits. Each number with its unit and its reason.
namespace oriel::display::limits {

using namespace std::chrono_literals;

// Viewers.
inline constexpr std::size_t kViewers = 5;  // an encoder each (16 MB, CPU); a sixth is refused with a reason
inline constexpr std::size_t kConnections = 32;          // sockets in all, those in their handshake included
inline constexpr std::size_t kUpgradeBytes = 16U << 10;  // request line and headers: nginx's own bound
inline constexpr std::size_t kUpgradeHeaders = 64;
inline constexpr auto kUpgradeDeadline = 10s;
inline constexpr auto kCloseDeadline = 2s;  // between our close frame and cutting
inline constexpr auto kResumeMemory = 30s;  // how long a lost viewer's place in the stream is kept

// WebSocket, from a viewer.
inline constexpr std::size_t kDisplayMessage = 4U << 10;           // ACK, VIEW, PING
inline constexpr std::size_t kInputMessage = 16U << 10;            // TEXT is the longest: 4 KiB
inline constexpr std::size_t kClipboardMessage = (1U << 20) + 64;  // text of 1 MiB and its header
inline constexpr std::size_t kReadBytes = 64U << 10;  // one read; a busy sender does not starve the loop
inline constexpr std::size_t kSmallQueueBytes =
    4U << 20;  // waiting on an input or clipboard socket; then it is cut

// Pacing, per viewer.
inline constexpr std::uint32_t kUnacknowledgedFrames = 2;
inline constexpr std::size_t kUnacknowledgedBytes = 256U << 10;  // a larger frame goes alone
inline constexpr auto kFrameInterval = 16'667us;                 // 60 frames a second
inline constexpr auto kFrameTransfer = 25ms;  // a frame is cut to what the link carries meanwhile
inline constexpr std::size_t kLeastFrameBytes = 24U << 10;  // however slow it is
inline constexpr std::size_t kEncodeStepBytes =
    48U << 10;  // raw pixels between two looks at the sockets: about 0.2 ms

// The screen.
inline constexpr std::uint32_t kSmallestSide = 64;  // dummy refuses less
inline constexpr std::uint32_t kLargestWidth = 7680;
inline constexpr std::uint32_t kLargestHeight = 4320;
inline constexpr std::size_t kCaptureRectangles = 24;  // more cost more than one grab of their extents
inline constexpr auto kReplyDeadline = 5s;  // one answer of the X server; then the connection is given up
inline constexpr auto kResizeInterval =
    100ms;  // a window dragged by its corner resizes the session this often
inline constexpr auto kReconnectInterval = 200ms;  // X server and agent

// Input.
inline constexpr std::size_t kInputQueue =
    8192;  // key actions waiting for a keymap change; further ones are dropped
inline constexpr std::size_t kPressedKeys = 64;  // held by one viewer
inline constexpr int kWheelClicks = 32;          // from one message
inline constexpr auto kRemapWait = 5ms;          // between a remap and its press: Firefox needs 1, Chromium 2
inline constexpr auto kRemapBatchWait = 20ms;    // same for a batch
inline constexpr auto kSpareRest = 250ms;        // a spare keycode keeps its symbol at least this long

// Clipboard.
inline constexpr std::size_t kClipboardText = 1U << 20;
inline constexpr auto kSelectionDeadline = 3s;     // an owner that does not answer
inline constexpr auto kClipboardInterval = 100ms;  // an application taking the selection in a loop

// Cursor.
inline constexpr std::uint32_t kCursorSide = 128;
inline constexpr std::size_t kCursorCache = 64;  // images by serial

// Control.
inline constexpr std::size_t kControlMessage = 64U << 10;
inline constexpr std::size_t kControlQueueBytes = 256U << 10;
inline constexpr auto kStatisticsInterval = 10s;
inline constexpr auto kViewersInterval = 1s;
inline constexpr auto kViewerStatisticsInterval = 1s;

}  // namespace oriel::display::limits
