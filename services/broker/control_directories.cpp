#include "services/broker/control_directories.h"

#include <cerrno>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/limits.h"
#include "libs/base/scope_exit.h"

namespace oriel::broker {
namespace {

constexpr mode_t kMode = 0771;  // the display server in the container passes through by the last bit
constexpr std::size_t kEntriesOfOne =
    1024;  // a socket, and what a killed agent left beside it; the next call goes on
constexpr std::size_t kDirectories = 2 * limits::kAgentSessions;
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Calls `each` with up to `most` names; it returns false to end early.
template <typename Each>
Result<> for_entries(int directory, std::size_t most, Each each) {
  // A descriptor of its own: reading moves the offset, and closedir closes it.
  int const own = ::openat(directory, ".", kOpenDirectory);
  if (own < 0) return fail_errno("open a control directory", errno);
  DIR* const stream = ::fdopendir(own);
  if (stream == nullptr) {
    int const error = errno;
    ::close(own);
    return fail_errno("read a control directory", error);
  }
  ScopeExit const close([stream] { ::closedir(stream); });
  for (std::size_t count = 0; count < most;) {
    errno = 0;
    dirent const* const entry = ::readdir(stream);
    if (entry == nullptr) {
      if (errno != 0) return fail_errno("read a control directory", errno);
      return {};
    }
    std::string_view const name(entry->d_name);
    if (name == "." || name == "..") continue;
    ++count;
    if (!each(entry->d_name)) return {};
  }
  return {};
}

}  // namespace

Result<FileDescriptor> ControlDirectories::open_parent() const {
  auto const path = configuration_.control_directory();
  FileDescriptor parent(::open(path.c_str(), kOpenDirectory));
  if (!parent) return fail_errno("open " + path, errno);
  struct stat status{};
  if (::fstat(parent.get(), &status) != 0) return fail_errno("look at " + path, errno);
  if (status.st_uid != configuration_.broker_user || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Code::kForbidden, path + " is not the broker's alone; `oriel up` repairs it");
  }
  return parent;
}

Result<FileDescriptor> ControlDirectories::open_directory(int parent, std::string const& name) const {
  FileDescriptor directory(::openat(parent, name.c_str(), kOpenDirectory));
  if (!directory) {
    // What these two say of an open with O_NOFOLLOW: something else has the name.
    if (errno == ELOOP || errno == ENOTDIR)
      return fail(Code::kForbidden, "control directory " + name + " is not a directory");
    return fail_errno("open control directory " + name, errno);
  }
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return fail_errno("look at control directory " + name, errno);
  if (status.st_uid != configuration_.broker_user)
    return fail(Code::kForbidden, "control directory " + name + " is not the broker's");
  return directory;
}

Result<> ControlDirectories::make(SessionId session) const {
  auto const parent = open_parent();
  if (!parent) return parent.error();
  auto const name = session.text();
  std::size_t count = 0;
  auto const counted = for_entries(parent->get(), kDirectories, [&count, &name](char const* entry) {
    if (name != entry) ++count;
    return true;
  });
  if (!counted) return counted.error();
  if (count >= kDirectories) return fail(Code::kNoCapacity, "too many control directories");

  // Nobody enters before owner and mode are set; a call that was cut short here is finished by the next.
  if (::mkdirat(parent->get(), name.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("make control directory " + name, errno);
  auto const directory = open_directory(parent->get(), name);
  if (!directory) return directory.error();
  if (::fchown(directory->get(), static_cast<uid_t>(-1), configuration_.agent_group) != 0)
    return fail_errno("chgrp control directory " + name, errno);
  if (::fchmod(directory->get(), kMode) != 0) return fail_errno("chmod control directory " + name, errno);
  return {};
}

Result<std::string> ControlDirectories::find(SessionId session) const {
  auto const parent = open_parent();
  if (!parent) return parent.error();
  auto const name = session.text();
  auto const directory = open_directory(parent->get(), name);
  if (!directory) return directory.error();
  return configuration_.control_directory() + "/" + name;
}

Result<> ControlDirectories::remove(SessionId session) const {
  auto const parent = open_parent();
  if (!parent) return parent.error();
  auto const name = session.text();
  struct stat status{};
  if (::fstatat(parent->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("look at control directory " + name, errno);
  }
  if (!S_ISDIR(status.st_mode)) {
    // The name is a session's and nothing but a directory belongs there; the link goes, not its target.
    if (::unlinkat(parent->get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
    return fail_errno("remove " + name, errno);
  }
  auto const directory = open_directory(parent->get(), name);
  if (!directory) return directory.error();
  int failure = 0;
  auto const emptied =
      for_entries(directory->get(), kEntriesOfOne, [&directory, &failure](char const* entry) {
        if (::unlinkat(directory->get(), entry, 0) != 0 && errno != ENOENT) {
          bool const is_directory = errno == EISDIR || errno == EPERM;
          if (!is_directory || ::unlinkat(directory->get(), entry, AT_REMOVEDIR) != 0) failure = errno;
        }
        return true;
      });
  if (!emptied) return emptied.error();
  if (failure != 0) return fail_errno("empty control directory " + name, failure);
  if (::unlinkat(parent->get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return fail_errno("remove control directory " + name, errno);
  return {};
}

}  // namespace oriel::broker
