#include "services/broker/runtimes.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <boost/describe/class.hpp>
#include <sys/stat.h>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"

namespace oriel::broker {
namespace {

constexpr std::size_t kTrees = 256;

struct VersionFile {
  static constexpr bool kAbsentKeepsDefault = true;
  std::int64_t protocol = 1;
};
BOOST_DESCRIBE_STRUCT(VersionFile, (), (protocol))

bool is_hash(std::string_view text) {
  return text.size() >= 8 && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::vector<protocol::broker::Runtime> Runtimes::list() const {
  auto const newest_file = read_file(directory_ + "/newest");
  auto const newest = newest_file ? std::string(trim(*newest_file)) : std::string();
  std::vector<protocol::broker::Runtime> found;
  std::error_code problem;
  for (auto const& entry : std::filesystem::directory_iterator(directory_, problem)) {
    auto const hash = entry.path().filename().string();
    if (!is_hash(hash) || found.size() >= kTrees) continue;
    protocol::broker::Runtime runtime{hash, 1, hash == newest};
    auto const text = read_file(entry.path() / "VERSION");
    if (text) {
      auto const version = json::parse_as<VersionFile>(*text, json::Unknown::kIgnore);
      if (version) runtime.protocol = version->protocol;
    }
    found.push_back(std::move(runtime));
  }
  std::ranges::sort(found, {}, &protocol::broker::Runtime::hash);
  return found;
}

Result<protocol::broker::Runtime> Runtimes::find(std::string const& hash) const {
  if (!hash.empty() && !is_hash(hash)) return fail(Code::kInvalid, "not a runtime's hash: " + hash);
  for (auto const& runtime : list()) {
    if (hash.empty() ? !runtime.newest : runtime.hash != hash) continue;
    struct stat status{};
    if (::lstat((tree(runtime.hash)).c_str(), &status) != 0)
      return fail_errno("look at the runtime tree", errno);
    if (!S_ISDIR(status.st_mode) || status.st_uid != 0 || (status.st_mode & 0022) != 0) {
      return fail(Code::kForbidden, "the runtime tree " + runtime.hash + " is not root's alone");
    }
    return runtime;
  }
  return fail(Code::kNotFound,
              hash.empty() ? "this host has no runtime tree" : "this host has no runtime " + hash);
}

}  // namespace oriel::broker
