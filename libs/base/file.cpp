#include "libs/base/file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/file_descriptor.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"

namespace oriel {

namespace {

Result<> write_all(int descriptor, std::string_view content, std::string const& name) {
  while (!content.empty()) {
    auto const written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail_errno("write " + name, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

uid_t user_of(FileOwnership const& ownership) { return ownership.user.value_or(static_cast<uid_t>(-1)); }
gid_t group_of(FileOwnership const& ownership) { return ownership.group.value_or(static_cast<gid_t>(-1)); }

}  // namespace

Result<std::string> read_file(std::filesystem::path const& path, std::size_t limit) {
  auto const name = path.string();
  FileDescriptor const file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("open " + name, errno);
  std::string content;
  char buffer[16384];
  for (;;) {
    auto const got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail_errno("read " + name, errno);
    }
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit) {
      return fail(Code::kTooLarge, "read " + name + ": larger than " + std::to_string(limit) + " bytes");
    }
    content.append(buffer, static_cast<std::size_t>(got));
  }
}

Result<> write_file(std::filesystem::path const& path, std::string_view content, FileOwnership ownership) {
  auto const name = path.string();
  auto const temporary = name + "." + hex(random_bytes(6)) + ".tmp";
  FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail_errno("create " + temporary, errno);
  ScopeExit remove([&] { ::unlink(temporary.c_str()); });
  if (ownership.user || ownership.group) {
    if (::fchown(file.get(), user_of(ownership), group_of(ownership)) != 0)
      return fail_errno("chown " + temporary, errno);
  }
  if (::fchmod(file.get(), ownership.mode) != 0) return fail_errno("chmod " + temporary, errno);
  auto written = write_all(file.get(), content, temporary);
  if (!written) return written;
  if (::fsync(file.get()) != 0) return fail_errno("fsync " + temporary, errno);
  remove.dismiss();
  return put_in_place(temporary, path);
}

Result<> put_in_place(std::filesystem::path const& temporary, std::filesystem::path const& path) {
  auto const name = path.string();
  ScopeExit remove([&] { ::unlink(temporary.c_str()); });
  if (::rename(temporary.c_str(), name.c_str()) != 0) return fail_errno("rename to " + name, errno);
  remove.dismiss();
  // Until the directory is on the disk a power cut may bring back the old file, or none where there was none.
  auto const parent = path.has_parent_path() ? path.parent_path().string() : std::string(".");
  FileDescriptor const directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail_errno("open directory " + parent, errno);
  if (::fsync(directory.get()) != 0) return fail_errno("fsync directory " + parent, errno);
  return {};
}

Result<> make_directory(std::filesystem::path const& path, FileOwnership ownership) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  auto const name = path.string();
  if (error && error.value() != EEXIST) return fail_errno("make directory " + name, error.value());
  FileDescriptor const directory(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail_errno("open directory " + name, errno);
  if (ownership.user || ownership.group) {
    if (::fchown(directory.get(), user_of(ownership), group_of(ownership)) != 0)
      return fail_errno("chown " + name, errno);
  }
  if (::fchmod(directory.get(), ownership.mode) != 0) return fail_errno("chmod " + name, errno);
  return {};
}

}  // namespace oriel
