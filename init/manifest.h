#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "libs/base/json.h"
#include "libs/base/result.h"

namespace oriel::init {

/// How the image starts its X server; init appends what the contract says.
struct XServer {
  std::vector<std::string> command{"/usr/lib/xorg/Xorg"};
  static constexpr bool kAbsentKeepsDefault = true;
};
BOOST_DESCRIBE_STRUCT(XServer, (), (command))

/// What the session is for.
struct Application {
  std::vector<std::string> command;
  bool restart = false;  ///< Start it again when it exits; else its exit ends the session.
  std::string working_directory;
  static constexpr bool kAbsentKeepsDefault = true;
};
BOOST_DESCRIBE_STRUCT(Application, (), (command, restart, working_directory))

/// What PID 1 reads of an image's manifest (protocol/control, `contract: oriel/1`).
struct Manifest {
  std::string contract;
  std::string name;
  XServer x;
  Application application;
  std::string user = "user";
  std::string home = "/home/user";
  static constexpr bool kAbsentKeepsDefault = true;
};
BOOST_DESCRIBE_STRUCT(Manifest, (), (contract, name, x, application, user, home))

/// Checks the text of a manifest. kUnsupported for another contract, kInvalid with the reason for anything
/// unusable.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text);

/// The manifest as the display server gets it: everything but the icon, which it has no use for.
[[nodiscard]] json::Object manifest_for_display(std::string_view text);

}  // namespace oriel::init
