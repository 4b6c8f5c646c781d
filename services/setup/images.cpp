#include "libs/store/images.h"

#include <boost/describe/class.hpp>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/users.h"
#include "services/setup/commands.h"

namespace oriel::setup {
namespace {

/// One line of what images/build.sh writes.
struct BuiltLine {
  std::string name{};
  std::string tag{};
  std::string id{};
  std::optional<json::Object> manifest{};
};
BOOST_DESCRIBE_STRUCT(BuiltLine, (), (name, tag, id, manifest))

constexpr std::string_view kContract = "oriel/1";

bool is_workspace(BuiltLine const& line) {
  if (!line.manifest) return false;
  auto const* const contract = line.manifest->if_contains("contract");
  return contract != nullptr && contract->is_string() &&
         std::string_view(contract->get_string()) == kContract;
}

std::string_view word(store::Registered registered) {
  switch (registered) {
    case store::Registered::kNew:
      return "new";
    case store::Registered::kUpdated:
      return "updated";
    case store::Registered::kUnchanged:
      return "unchanged";
  }
  return "unchanged";
}

Async<Result<>> register_all(postgres::Database& database, std::string text) {
  int position = 0;
  for (auto const piece : split(text, '\n')) {
    if (trim(piece).empty()) continue;
    position += 10;
    auto line = json::parse_as<BuiltLine>(piece, json::Unknown::kIgnore);
    if (!line) co_return line.error().within("read line " + std::to_string(position / 10));
    if (!is_workspace(*line)) {
      log::info("not a workspace", {{"image", line->tag}});
      continue;
    }
    store::BuiltImage image{line->name, line->tag, line->id, *line->manifest};
    auto registered =
        co_await store::register_built_image(database, std::move(image), store::all_users_group(), position);
    if (!registered) co_return registered.error();
    log::info("workspace", {{"name", line->name}, {"image", line->tag}, {"change", word(*registered)}});
  }
  co_return Result<>();
}

}  // namespace

Async<Result<>> register_images(Executor executor, Options options, std::string images_file) {
  auto text = read_file(images_file, 16 * 1024 * 1024);
  if (!text) co_return text.error().within("read the images");
  postgres::Database database(executor, options.as_owner());
  auto done = co_await register_all(database, *text);
  database.close();
  if (!done) co_return done.error().within("register " + images_file);
  co_return done;
}

}  // namespace oriel::setup
