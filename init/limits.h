#pragma once

#include <chrono>
#include <cstddef>

#include <sys/types.h>

/// Every bound, wait and fixed number of PID 1, with its reason.
namespace oriel::init::limits {

using namespace std::chrono_literals;

// Who is who in a session's container (protocol/control).
inline constexpr uid_t kDesktopUser = 1000;
inline constexpr gid_t kDesktopGroup = 1000;
inline constexpr uid_t kDisplayUser = 64010;
inline constexpr gid_t kDisplayGroup = 64010;

// Foreign input.
inline constexpr std::size_t kManifestBytes = 64 * 1024;  // what the image says
inline constexpr std::size_t kMessageBytes = 64 * 1024;   // one message of the display server
inline constexpr std::size_t kMessagesPerTurn =
    16;  // so that a chatty display server does not starve the rest
inline constexpr std::size_t kLocaleListBytes = 16 * 1024;
inline constexpr std::size_t kEnvironmentEntries = 128;  // of a begin
inline constexpr std::size_t kEnvironmentNameBytes = 128;
inline constexpr std::size_t kEnvironmentValueBytes = 8 * 1024;
inline constexpr std::size_t kNameBytes = 64;           // of a locale, of a time zone
inline constexpr std::size_t kAddressBytes = 4 * 1024;  // an address to open
inline constexpr std::size_t kDisplayNumberBytes = 16;
inline constexpr std::size_t kAnswerBytes =
    16 * 1024;  // of a child that works for PID 1; a pipe holds 64 KiB
inline constexpr std::size_t kLogTailBytes = 4 * 1024;  // of the X server's log, when it does not start

// Waits.
inline constexpr auto kXStart = 15s;   // a loaded machine takes 2 s
inline constexpr auto kBusStart = 3s;  // then the application starts without a bus
inline constexpr auto kFork = 5s;      // retrying while the container's process limit is reached
inline constexpr auto kForkRetry = 20ms;
inline constexpr auto kEndApplication =
    1500ms;  // polite part of the end; the whole of it is below Docker's 3 s
inline constexpr auto kEndServers = 600ms;
inline constexpr auto kEndTurn = 20ms;
inline constexpr auto kBackoffFirst = 100ms;  // second restart; the first one is at once
inline constexpr auto kBackoffLongest = 5s;
inline constexpr auto kSteady = 10s;  // up for so long: its failures are forgotten

// Giving up: before the first begin a restart changes nothing for anybody, later a user's work is at stake.
inline constexpr int kXAttempts = 3;
inline constexpr int kDisplayAttempts = 10;
inline constexpr int kApplicationAttempts =
    8;  // in a row that could not even be executed or died within a second
inline constexpr auto kApplicationQuick = 1s;

inline constexpr char kOutOfMemoryScore[] =
    "500";  // the application goes first, never PID 1, X or the display server

}  // namespace oriel::init::limits
