#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The one table of what bounds foreign input, queues and waits. Every number has its unit and its reason.
/// The display server's own table is display/limits.h.
namespace oriel::limits {

using namespace std::chrono_literals;

// HTTP, both sides.
inline constexpr std::size_t kHttpHeaderBytes = 16 * 1024;  // nginx's large_client_header_buffers fit
inline constexpr std::size_t kHttpBodyBytes = 1024 * 1024;  // of a request, unless the route says otherwise
inline constexpr std::size_t kHttpAnswerBytes =
    32 * 1024 * 1024;                                      // of an answer our client collects (image lists)
inline constexpr std::size_t kHttpTargetBytes = 8 * 1024;  // path and query
inline constexpr std::size_t kHttpConnections = 4096;      // one server; beyond: closed at once
inline constexpr std::size_t kHttpUnixConnections = 1024;  // idle keep-alive of our client in total
inline constexpr std::size_t kHttpQueryParameters = 256;
inline constexpr std::size_t kHttpBodyChunkQueue = 16;  // chunks waiting in a BodyWriter
inline constexpr auto kHttpHeaderDeadline = 15s;        // from the first byte to the header's end
inline constexpr auto kHttpBodyDeadline = 30s;          // a request's body
inline constexpr auto kHttpIdle = 75s;                  // a keep-alive connection between requests
inline constexpr auto kHttpWriteDeadline = 30s;         // one write of an answer; a slow reader ends
inline constexpr auto kHttpHandlerDeadline = 60s;       // a handler, unless the route says otherwise
inline constexpr auto kHttpCall = 15s;                  // our client's default for one exchange
inline constexpr auto kHttpConnect = 5s;
inline constexpr auto kRetryAfter = 2s;  // what a 503 tells the client to wait: our services restart in less
inline constexpr auto kHttpStop = 5s;    // polite part of a server's stop

// WebSocket.
inline constexpr std::size_t kWebSocketMessageBytes = 1024 * 1024;
inline constexpr std::size_t kWebSocketQueue = 256;  // messages waiting for a slow peer; then it is closed
inline constexpr auto kWebSocketIdle = 30s;          // ping after half of it, close after it
inline constexpr auto kWebSocketHandshake = 10s;
inline constexpr auto kWebSocketClose = 3s;

// JSON.
inline constexpr std::size_t kJsonBytes = 1024 * 1024;
inline constexpr std::size_t kJsonDepth = 32;
inline constexpr std::size_t kJsonErrors = 32;  // collected for one document
inline constexpr std::size_t kJsonKeyBytes = 4096;
inline constexpr std::size_t kJsonEchoBytes = 128;  // of a foreign name in a message or pointer, then …

// Logs.
inline constexpr std::size_t kLogTextBytes = 4 * 1024;   // one text of a line, before escaping
inline constexpr std::size_t kLogLineBytes = 64 * 1024;  // a whole line; fields that do not fit are left out

// Control sockets (protocol/control).
inline constexpr std::size_t kControlMessageBytes = 64 * 1024;
inline constexpr std::size_t kControlDescriptors = 4;  // file descriptors with one message

// PostgreSQL.
inline constexpr std::size_t kPostgresConnections = 8;  // one service's pool
inline constexpr std::size_t kPostgresWaiters = 1024;   // coroutines waiting for a connection
inline constexpr auto kPostgresConnect = 5s;
inline constexpr auto kPostgresStatement = 10s;
inline constexpr auto kPostgresAcquire = 10s;
inline constexpr int kPostgresTransactionAttempts = 5;  // of a transaction that loses its race
inline constexpr std::size_t kPostgresPrepared = 256;   // statements remembered per connection

// Redis.
inline constexpr auto kRedisConnect = 3s;
inline constexpr auto kRedisCommand = 2s;
inline constexpr std::size_t kRedisPending = 4096;

// Docker.
inline constexpr auto kDockerCall = 20s;
inline constexpr auto kDockerStart = 60s;                     // create and start under load
inline constexpr auto kDockerPullSilence = 300s;              // no progress line for so long: given up
inline constexpr std::size_t kDockerLineBytes = 1024 * 1024;  // one JSON line of a stream
inline constexpr std::size_t kDockerLogBytes = 256 * 1024;    // what logs() keeps, from the end

// Agents and their manager (protocol/agent).
inline constexpr auto kHeartbeat = 5s;
inline constexpr auto kAgentSuspect = 15s;  // without a heartbeat
inline constexpr auto kAgentUnreachable = 30s;
inline constexpr auto kChannelHandshake = 10s;      // challenge to welcome
inline constexpr std::size_t kChannels = 256;       // agents on one manager
inline constexpr std::size_t kAgentSessions = 512;  // on one agent, ending and failed ones included
inline constexpr std::size_t kAgentImages = 256;    // in one inventory
inline constexpr std::size_t kReasonBytes = 512;    // of a failure, as a person reads it
inline constexpr std::size_t kLogTailBytes = 16 * 1024;
inline constexpr auto kReconcilePoll = 1s;              // NOTIFY is a hint, this is the truth
inline constexpr std::size_t kRevocations = 1000;       // read at once
inline constexpr std::size_t kRevokedPerMessage = 500;  // viewers and grants in one close_viewer
inline constexpr std::size_t kRevocationsPending = 16;  // messages kept for a display server that is away
inline constexpr auto kRevocationOverlap = 5s;          // how late a transaction may commit and still be told
inline constexpr auto kLease = 10s;                     // of the leading manager
inline constexpr auto kLeaseRenew = 3s;
inline constexpr auto kUsageInterval = 5s;     // of running sessions
inline constexpr std::size_t kImagePulls = 2;  // at once on one agent
inline constexpr auto kImageList = 30s;
inline constexpr auto kContainerList = 10s;            // events are a hint, this is the truth
inline constexpr auto kControlHello = 5s;              // of a display server that connected
inline constexpr int kControlMessagesPerSecond = 100;  // of a container; more and it is disconnected
inline constexpr auto kControlPace =
    std::chrono::milliseconds(20);       // between two accepted connections of one session
inline constexpr auto kEndGrace = 3s;    // from SIGTERM to SIGKILL in a session
inline constexpr auto kFailureLog = 2s;  // for the log's tail of a dead container

// Administration.
inline constexpr std::size_t kLabels = 16;               // of one server
inline constexpr std::size_t kLabelBytes = 63;           // of a key, and of a value
inline constexpr std::size_t kMessageCharacters = 2000;  // an administrator's message to a session
inline constexpr std::size_t kUnreadMessages = 20;       // of one session; then its owner reads first
inline constexpr std::size_t kEndReasonBytes = 300;      // as its user reads it
inline constexpr std::size_t kBulkSessions = 200;        // in one administrative request
inline constexpr std::size_t kWatchers = 8;              // views of one session by others than its owner
inline constexpr auto kWatchLife = 45s;                  // of a view that its page does not renew
inline constexpr auto kWatchLongest = 1h;          // of one stream of a view, whatever happens to the Manager
inline constexpr std::size_t kLogRingLines = 500;  // that an agent keeps of its own log
inline constexpr std::size_t kLogRingLineBytes = 4096;
inline constexpr std::size_t kLogLinesPerMessage = 100;
inline constexpr auto kLogPace = std::chrono::milliseconds(500);  // between two messages with lines
inline constexpr auto kLogWanted = 30s;                           // after the last reader's last sign
inline constexpr std::size_t kLogStreams = 16;                    // server logs open at once in one API
inline constexpr std::int64_t kLongestCount = 10'000;  // rows that a list counts; more are "and more"

// Processes.
inline constexpr auto kWatchdog = 10s;   // a loop that has not turned for so long aborts
inline constexpr auto kStopGrace = 15s;  // from SIGTERM to _exit
inline constexpr auto kBackoffFirst = std::chrono::milliseconds(100);
inline constexpr auto kBackoffLongest = std::chrono::milliseconds(5000);
inline constexpr std::size_t kWorkerQueue = 256;
inline constexpr std::size_t kUnixPathBytes = 100;      // sun_path is 108 with its NUL
inline constexpr std::size_t kFileBytes = 1024 * 1024;  // configuration files

// The audit as a file.
inline constexpr int kAuditExportBatch = 500;  // lines read and written at once
inline constexpr std::size_t kAuditExportRows =
    1'000'000;  // of one file; a filter of time makes the next one

// Passwords.
inline constexpr std::size_t kPasswordBytes = 1024;

}  // namespace oriel::limits
