#pragma once

#include <cstdint>
#include <string>

#include "libs/base/id.h"

namespace oriel::agent {

/// A file that says that a session's attempt had its container made: after a restart of the agent, a
/// container that is not there any more has died, and is not made a second time. Small, synchronous, on the
/// agent's disk.
class CreatedMark {
 public:
  /// Lies in `state_directory`/created, which is made when it is needed.
  CreatedMark(std::string state_directory, SessionId session);

  /// A failure is logged: the session goes on, only a restart would know less.
  void set(std::int64_t attempt);
  [[nodiscard]] bool is_set(std::int64_t attempt) const;
  void remove();

 private:
  std::string directory_;
  std::string path_;
};

}  // namespace oriel::agent
