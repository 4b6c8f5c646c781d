#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "libs/base/result.h"
#include "libs/base/uri.h"

namespace oriel::agent {

/// What the agent is told at its start: config.json, the command line, and what follows from both.
struct Options {
  std::string state_directory{};    ///< its key and certificate, 0700
  std::string control_directory{};  ///< `run/ctl`: one directory a session, bind-mounted into its container
  std::string public_directory{};   ///< `run/pub`: stream sockets, only nginx connects
  Endpoint manager{};
  Endpoint broker{};
  Endpoint health{};
  std::string disk_path = "/";  ///< the file system that heartbeats speak of when the broker cannot say
  std::string hostname{};
  std::string address{};  ///< where browsers find this host; shown to administrators
  std::optional<std::string> enrolment_token_file{};
  std::optional<uid_t> display_user{64010};   ///< who may speak on a control socket; empty: anybody (tests)
  std::optional<gid_t> display_group{64010};  ///< of the control directories
  std::optional<gid_t> edge_group{64024};     ///< of the stream sockets
};

/// From `--config FILE` (protocol: ARCHITECTURE.md). Reads the file; blocks.
[[nodiscard]] Result<Options> read_options(std::string const& config_file);

}  // namespace oriel::agent
