#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "libs/base/id.h"
#include "libs/base/result.h"

/// JSON lines on standard error, one write(2) a line, from any thread:
/// `{"time":"…Z","level":"info","service":"oriel-api","message":"…","session":"…"}`.
/// Never put secrets into a message or a field.
namespace oriel::log {

enum class Level { kDebug, kInfo, kWarning, kError };

/// One key and value of a line. Numbers and booleans stay such; text is escaped, bad UTF-8 replaced.
class Field {
 public:
  Field(std::string_view key, std::string_view value);
  Field(std::string_view key, char const* value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, std::string const& value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, bool value);
  Field(std::string_view key, double value);
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  Field(std::string_view key, Integer value) : Field(key, static_cast<std::int64_t>(value), Number{}) {}
  template <typename Kind>
  Field(std::string_view key, Id<Kind> const& id) : Field(key, std::string_view(id.text())) {}
  /// The error's message, with its code.
  Field(std::string_view key, Error const& error);

  [[nodiscard]] std::string const& json() const { return json_; }

 private:
  struct Number {};
  Field(std::string_view key, std::int64_t value, Number);
  std::string json_;  // `"key":value`
};

using Fields = std::initializer_list<Field>;

/// Sets the service's name and the lowest level written. Before threads start.
void configure(std::string service, Level lowest = Level::kInfo);
/// `debug`, `info`, `warning`, `error`; kInfo for anything else.
[[nodiscard]] Level level_from_text(std::string_view text);

void write(Level level, std::string_view message, Fields fields = {});
inline void debug(std::string_view message, Fields fields = {}) { write(Level::kDebug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::kInfo, message, fields); }
inline void warning(std::string_view message, Fields fields = {}) { write(Level::kWarning, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::kError, message, fields); }

class Ring;
/// Keeps each written line there, too; it must outlive the process's last line. Before threads start.
void keep_in(Ring* ring);

/// Where lines go instead of standard error; for tests. -1 restores it.
void set_output(int descriptor);

}  // namespace oriel::log
