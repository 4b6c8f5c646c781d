#include "libs/base/log.h"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <unistd.h>

#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/log_ring.h"
#include "libs/base/text.h"

namespace oriel::log {

namespace {

constexpr std::size_t kKeyBytes = 128;
constexpr std::string_view kLeftOut = ",\"fields_left_out\":true";

// The one piece of process-wide state: set before threads start, read by all of them.
struct Sink {
  std::string service = "oriel";
  std::atomic<Level> lowest = Level::kInfo;
  std::atomic<int> descriptor = STDERR_FILENO;
  std::atomic<Ring*> ring = nullptr;
};

Sink& sink() {
  static Sink* const the_sink = new Sink;  // Never destroyed: threads may log while the process ends.
  return *the_sink;
}

/// C1 controls (a terminal takes U+009B for ESC [) are two bytes in UTF-8; the code point, or 0 for others.
unsigned control_at(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) != 0xc2 || at + 1 >= text.size()) return 0;
  auto const second = static_cast<unsigned char>(text[at + 1]);
  return second < 0xa0 ? second : 0;
}

void append_escape(std::string& line, unsigned code) {
  char escaped[8];
  std::snprintf(escaped, sizeof escaped, "\\u%04x", code);
  line += escaped;
}

void append_quoted(std::string& line, std::string_view text, std::size_t limit = limits::kLogTextBytes) {
  std::string repaired;
  if (text.size() > limit || !is_utf8(text)) {
    repaired = to_utf8(text, limit);
    text = repaired;
  }
  line += '"';
  for (std::size_t at = 0; at < text.size(); ++at) {
    char const c = text[at];
    switch (c) {
      case '"':
        line += "\\\"";
        break;
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          append_escape(line, static_cast<unsigned>(c));
        } else if (auto const code = control_at(text, at); code != 0) {
          append_escape(line, code);
          ++at;
        } else {
          line += c;
        }
    }
  }
  line += '"';
}

std::string quoted_pair(std::string_view key, std::string_view value) {
  std::string json;
  append_quoted(json, key, kKeyBytes);
  json += ':';
  append_quoted(json, value);
  return json;
}

std::string raw_pair(std::string_view key, std::string_view value) {
  std::string json;
  append_quoted(json, key, kKeyBytes);
  json += ':';
  json += value;
  return json;
}

std::string_view level_text(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      break;
  }
  return "error";
}

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  auto const [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc() ? std::string(text, end) : "null";
}

}  // namespace

Field::Field(std::string_view key, std::string_view value) : json_(quoted_pair(key, value)) {}
Field::Field(std::string_view key, bool value) : json_(raw_pair(key, value ? "true" : "false")) {}
Field::Field(std::string_view key, double value) : json_(raw_pair(key, number(value))) {}
Field::Field(std::string_view key, std::int64_t value, Number)
    : json_(raw_pair(key, std::to_string(value))) {}
Field::Field(std::string_view key, Error const& error) {
  std::string text(code_text(error.code));
  text += ": ";
  text += error.message;
  for (auto const& field : error.fields) text += " [" + field.pointer + ": " + field.message + "]";
  json_ = quoted_pair(key, text);
}

void configure(std::string service, Level lowest) {
  sink().service = std::move(service);
  sink().lowest = lowest;
}

Level level_from_text(std::string_view text) {
  if (text == "debug") return Level::kDebug;
  if (text == "warning") return Level::kWarning;
  if (text == "error") return Level::kError;
  return Level::kInfo;
}

void keep_in(Ring* ring) { sink().ring = ring; }

void set_output(int descriptor) { sink().descriptor = descriptor < 0 ? STDERR_FILENO : descriptor; }

void write(Level level, std::string_view message, Fields fields) {
  auto const& to = sink();
  if (level < to.lowest) return;
  std::string line = "{\"time\":\"" + rfc3339(SystemClock().now()) + "\",\"level\":\"";
  line += level_text(level);
  line += "\",";
  line += quoted_pair("service", to.service);
  line += ",";
  line += quoted_pair("message", message);
  bool left_out = false;
  for (auto const& field : fields) {
    if (line.size() + field.json().size() + kLeftOut.size() + 4 > limits::kLogLineBytes) {
      left_out = true;
      continue;
    }
    line += ",";
    line += field.json();
  }
  if (left_out) line += kLeftOut;
  line += '}';
  if (auto* const ring = to.ring.load()) ring->add(line);
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    auto const written = ::write(to.descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // Nowhere to say so.
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace oriel::log
