#pragma once

#include <string>

#include "libs/base/file_descriptor.h"
#include "libs/base/id.h"
#include "libs/base/result.h"
#include "services/broker/configuration.h"

namespace oriel::broker {

/// The directories `run/ctl/<session>` that sessions get read-only at /run/oriel. The engine mounts them by
/// path as root, so their parent is the broker's alone: what was checked cannot be replaced by a link before
/// it is mounted. The agent is in their group and makes its socket in them. Every call blocks for a few
/// system calls; a refusal is kForbidden.
class ControlDirectories {
 public:
  explicit ControlDirectories(Configuration const& configuration) : configuration_(configuration) {}

  /// Makes the directory, mode 0771, group of the agent; one that is ours already is kept, its inode too.
  /// kNoCapacity when there are more than an agent could use.
  [[nodiscard]] Result<> make(SessionId session) const;
  /// The path, when a directory of ours is there. Never follows a link.
  [[nodiscard]] Result<std::string> find(SessionId session) const;
  /// Removes it with the sockets in it; also when it is gone already.
  [[nodiscard]] Result<> remove(SessionId session) const;

 private:
  [[nodiscard]] Result<FileDescriptor> open_parent() const;
  [[nodiscard]] Result<FileDescriptor> open_directory(int parent, std::string const& name) const;

  Configuration const& configuration_;
};

}  // namespace oriel::broker
