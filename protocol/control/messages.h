#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

/// Messages of agent ⇄ display server as the agent reads and writes them; README.md beside this file is the
/// specification. The display server and init have readers of their own: they share no JSON library with us.
namespace oriel::protocol::control {

/// A hello's `protocol` is the display protocol that its viewers must speak. Sessions outlive upgrades, so
/// the agent takes any and reports it.
inline constexpr std::int64_t kHighestProtocol = 1000;

struct Envelope {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type{};
};
BOOST_DESCRIBE_STRUCT(Envelope, (), (type))

// display → agent

struct Hello {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "hello";
  std::string session{};
  std::int64_t protocol = 0;
  std::string build{};
  std::string runtime{};
};
BOOST_DESCRIBE_STRUCT(Hello, (), (type, session, protocol, build, runtime))

struct State {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "state";
  std::string state{};  ///< starting, running
  std::string step{};   ///< x, wallpaper, application, ready
  std::string detail{};
};
BOOST_DESCRIBE_STRUCT(State, (), (type, state, step, detail))

struct Viewers {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "viewers";
  std::int64_t count = 0;
  std::optional<double> last_input_seconds{};  ///< since the last input; absent: none yet
};
BOOST_DESCRIBE_STRUCT(Viewers, (), (type, count, last_input_seconds))

/// What the agent reads of it; the rest is for people who measure.
struct Statistics {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "statistics";
  std::optional<std::int64_t> viewers{};
  std::optional<double> last_input_seconds{};
};
BOOST_DESCRIBE_STRUCT(Statistics, (), (type, viewers, last_input_seconds))

// agent → display

struct Begin {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "begin";
  std::string session{};
  std::string name{};
  std::string locale{};
  std::string timezone{};
  std::map<std::string, std::string> environment{};
  std::optional<std::string> open_url{};
  std::int64_t width = 1920;
  std::int64_t height = 1080;
  std::string wallpaper = "default";
  bool clipboard_in = true;
  bool clipboard_out = true;
};
BOOST_DESCRIBE_STRUCT(Begin, (),
                      (type, session, name, locale, timezone, environment, open_url, width, height, wallpaper,
                       clipboard_in, clipboard_out))

/// Travels with one descriptor: the listening socket.
struct Listen {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "listen";
};
BOOST_DESCRIBE_STRUCT(Listen, (), (type))

struct CloseViewer {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "close_viewer";
  std::vector<std::string> viewers{};  ///< viewers' ids, or the grants by which they came
  std::string reason{};
};
BOOST_DESCRIBE_STRUCT(CloseViewer, (), (type, viewers, reason))

struct End {
  static constexpr bool kAbsentKeepsDefault = true;
  std::string type = "end";
  std::string reason{};
};
BOOST_DESCRIBE_STRUCT(End, (), (type, reason))

}  // namespace oriel::protocol::control
