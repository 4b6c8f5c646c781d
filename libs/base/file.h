#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "libs/base/limits.h"
#include "libs/base/result.h"

namespace oriel {

/// The whole file. kNotFound when absent, kTooLarge above `limit` bytes. Blocks.
[[nodiscard]] Result<std::string> read_file(std::filesystem::path const& path,
                                            std::size_t limit = limits::kFileBytes);

/// Who may read what write_file makes.
struct FileOwnership {
  mode_t mode = 0644;
  std::optional<uid_t> user{};
  std::optional<gid_t> group{};
};

/// Writes beside the target, flushes, and renames over it: a reader sees the old or the new file, never half,
/// also after a power cut; what this answered without an error is on the disk. The mode is set before the
/// first byte is written. Blocks.
[[nodiscard]] Result<> write_file(std::filesystem::path const& path, std::string_view content,
                                  FileOwnership ownership = {});

/// The second half of write_file, for a file that was checked in between: renames and flushes the directory.
/// `temporary` is gone afterwards, also after an error. Blocks.
[[nodiscard]] Result<> put_in_place(std::filesystem::path const& temporary,
                                    std::filesystem::path const& path);

/// Makes the directory and its parents; sets mode (and owner) of the last one also when it exists.
[[nodiscard]] Result<> make_directory(std::filesystem::path const& path,
                                      FileOwnership ownership = {0755, {}, {}});

}  // namespace oriel
