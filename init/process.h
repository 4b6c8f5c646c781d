#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "init/environment.h"
#include "libs/base/result.h"

namespace oriel::init {

/// Whom a child becomes: no supplementary groups, and by that change no capability.
struct Identity {
  uid_t user;
  gid_t group;
};
extern Identity const kDesktop;  ///< The user: X, the bus, the application.
extern Identity const kDisplay;  ///< The display server.

struct Command {
  std::vector<std::string> words;  ///< The first is the program's absolute path.
  Environment environment;
  std::string directory = "/";  ///< "/" when it can't be entered.
  int inherit = -1;             ///< Becomes descriptor 3; everything else above 2 is closed.
  bool first_to_go = false;     ///< When memory runs out.
  bool quiet = false;           ///< Its output goes nowhere: it has a log of its own.
};

/// Starts a program in a session of its own with no signal blocked, and waits until it is executed.
/// kNoCapacity when the container's process limit is reached, else what execve said. Blocks for as long as
/// execve takes.
[[nodiscard]] Result<pid_t> start(Command const& command, Identity identity);

/// Runs `work` in a child with that identity, waits for it and returns what it returned, cut at
/// limits::kAnswerBytes: the way into a user's directories, which PID 1 can't enter. An error carries what
/// the child said; kNoCapacity as above.
[[nodiscard]] Result<std::string> run_as(Identity identity, std::function<Result<std::string>()> const& work);

/// SIGKILL to every process of the desktop user, in one call of the kernel that no fork can slip through: PID
/// 1 takes the user's id for the length of a kill(-1).
void kill_desktop();

/// A process of the desktop user, as /proc tells it.
struct DesktopProcess {
  pid_t pid;
  pid_t parent;
};
/// Those of the desktop user that are alive (no zombies).
[[nodiscard]] std::vector<DesktopProcess> desktop_processes();

}  // namespace oriel::init
