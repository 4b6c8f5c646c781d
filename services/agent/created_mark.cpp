#include "services/agent/created_mark.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "libs/base/file.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace oriel::agent {

CreatedMark::CreatedMark(std::string state_directory, SessionId session)
    : directory_(std::move(state_directory) + "/created"), path_(directory_ + "/" + session.text()) {}

void CreatedMark::set(std::int64_t attempt) {
  auto made = make_directory(directory_, FileOwnership{0700, {}, {}});
  auto written = made ? write_file(path_, std::to_string(attempt)) : std::move(made);
  if (!written) log::warning("cannot note that a container was made", {{"error", written.error()}});
}

bool CreatedMark::is_set(std::int64_t attempt) const {
  auto const text = read_file(path_);
  return text && parse_integer(trim(*text)) == attempt;
}

void CreatedMark::remove() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace oriel::agent
