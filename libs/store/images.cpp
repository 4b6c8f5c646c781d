#include "libs/store/images.h"

#include <algorithm>

#include "libs/base/text.h"

namespace oriel::store {
namespace {

constexpr std::string_view kColumns =
    "i.id, i.name, i.friendly_name, i.description, i.categories, i.icon_svg <> '' as has_icon, i.hue, "
    "i.enabled, i.hidden, "
    "i.reference, i.docker_id, i.digest, i.registry_server, i.registry_username, i.cores, i.memory_bytes, "
    "i.shm_bytes, "
    "i.pids, i.network, i.environment, i.run_config, i.exec_config, i.manifest, i.zone_id, "
    "i.session_time_limit_seconds, i.session_limit, i.position, i.created_at, "
    "array(select g.name from groups g join image_groups ig on ig.group_id = g.id where ig.image_id = i.id "
    "order by g.priority, g.name) as group_names, "
    "(select count(*) from sessions s where s.image_id = i.id and s.state not in ('ended', 'failed')) as "
    "live_sessions";

json::Object object_of(std::string_view text) {
  auto value = json::parse(text);
  return value && value->is_object() ? value->get_object() : json::Object();
}

Image image_of(postgres::Row const& row) {
  Image image;
  image.id = row.id<ImageId>("id");
  image.name = row.text("name");
  image.friendly_name = row.text("friendly_name");
  image.description = row.text("description");
  image.categories = row.array("categories");
  image.has_icon = row.boolean("has_icon");
  image.hue = static_cast<int>(row.integer("hue"));
  image.enabled = row.boolean("enabled");
  image.hidden = row.boolean("hidden");
  image.reference = row.text("reference");
  image.docker_id = row.optional_text("docker_id");
  image.digest = row.optional_text("digest");
  image.registry_server = row.optional_text("registry_server");
  image.registry_username = row.optional_text("registry_username");
  image.cores = row.number("cores");
  image.memory_bytes = row.integer("memory_bytes");
  image.shm_bytes = row.integer("shm_bytes");
  image.pids = static_cast<int>(row.integer("pids"));
  image.network = row.text("network");
  for (auto const& entry : object_of(row.view("environment"))) {
    if (entry.value().is_string()) {
      image.environment[std::string(entry.key())] = std::string(std::string_view(entry.value().get_string()));
    }
  }
  image.run_config = object_of(row.view("run_config"));
  image.exec_config = object_of(row.view("exec_config"));
  image.manifest = object_of(row.view("manifest"));
  image.zone = row.optional_id<ZoneId>("zone_id");
  if (auto const limit = row.optional_integer("session_time_limit_seconds")) {
    image.session_time_limit_seconds = static_cast<int>(*limit);
  }
  if (auto const limit = row.optional_integer("session_limit"))
    image.session_limit = static_cast<int>(*limit);
  image.position = static_cast<int>(row.integer("position"));
  image.created_at = row.time("created_at");
  image.groups = row.array("group_names");
  image.live_sessions = static_cast<int>(row.integer("live_sessions"));
  return image;
}

std::vector<Image> images_of(postgres::Rows const& rows) {
  std::vector<Image> images;
  images.reserve(rows.size());
  for (auto const row : rows) images.push_back(image_of(row));
  return images;
}

std::string select_images(std::string_view rest) {
  return "select " + std::string(kColumns) + " from images i " + std::string(rest);
}

// The manifest is text from inside an image: read leniently, bounded.

std::string manifest_text(json::Object const& manifest, std::string_view name, std::string fallback,
                          std::size_t limit) {
  auto const* const value = manifest.if_contains(name);
  if (value == nullptr || !value->is_string()) return fallback;
  return to_utf8(std::string_view(value->get_string()), limit);
}

double manifest_number(json::Object const& manifest, std::string_view name, double fallback, double least,
                       double most) {
  auto const* const value = manifest.if_contains(name);
  if (value == nullptr || !value->is_number()) return fallback;
  return std::clamp(value->to_number<double>(), least, most);
}

std::vector<std::string> manifest_categories(json::Object const& manifest) {
  std::vector<std::string> categories;
  auto const* const value = manifest.if_contains("categories");
  if (value == nullptr || !value->is_array()) return categories;
  for (auto const& entry : value->get_array()) {
    if (!entry.is_string() || categories.size() == 8) continue;
    categories.push_back(to_utf8(std::string_view(entry.get_string()), 64));
  }
  return categories;
}

json::Object manifest_object(json::Object const& manifest, std::string_view name) {
  auto const* const value = manifest.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : json::Object();
}

/// A tint of its own for each workspace that names none: spread over the wheel by the name.
int hue_of(json::Object const& manifest, std::string_view name) {
  unsigned spread = 0;
  for (auto const character : name) spread = spread * 31 + static_cast<unsigned char>(character);
  return static_cast<int>(manifest_number(manifest, "hue", spread % 360, 0, 359));
}

constexpr std::size_t kIconBytes = 64 * 1024;

Async<Result<Registered>> update_built(postgres::Queryable& transaction, BuiltImage const& image) {
  postgres::Parameters values(image.name, image.reference, image.docker_id, json::text(image.manifest),
                              manifest_text(image.manifest, "icon", "", kIconBytes));
  auto rows = co_await transaction.query(
      "update images set reference = $2, docker_id = $3, digest = null, manifest = $4::jsonb, icon_svg = $5 "
      "where name = $1 and (reference, docker_id, manifest, icon_svg) is distinct from ($2, $3, $4::jsonb, "
      "$5)",
      std::move(values));
  if (!rows) co_return rows.error();
  co_return rows->affected() > 0 ? Registered::kUpdated : Registered::kUnchanged;
}

Async<Result<Registered>> register_in(postgres::Queryable& transaction, BuiltImage const& image,
                                      GroupId grant_to, int position) {
  postgres::Parameters name(image.name);
  auto existing = co_await transaction.query("select id from images where name = $1", std::move(name));
  if (!existing) co_return existing.error();
  if (!existing->empty()) {
    auto updated = co_await update_built(transaction, image);
    co_return updated;
  }
  auto const& manifest = image.manifest;
  constexpr double kMebibyte = 1024.0 * 1024.0;
  postgres::Parameters values(
      ImageId::random(), image.name, manifest_text(manifest, "friendly_name", image.name, 128),
      manifest_text(manifest, "description", "", 1024), manifest_categories(manifest),
      manifest_text(manifest, "icon", "", kIconBytes), hue_of(manifest, image.name), image.reference,
      image.docker_id, manifest_number(manifest, "cores", 2, 0.1, 256),
      static_cast<std::int64_t>(manifest_number(manifest, "memory_mib", 2048, 64, 4194304) * kMebibyte),
      static_cast<std::int64_t>(manifest_number(manifest, "shm_mib", 256, 1, 65536) * kMebibyte),
      static_cast<int>(manifest_number(manifest, "pids", 512, 16, 65536)),
      manifest_text(manifest, "network", "internet", 64), json::text(manifest_object(manifest, "run_config")),
      json::text(manifest_object(manifest, "exec_config")), json::text(manifest), position, grant_to);
  auto made = co_await transaction.query(
      "with made as (insert into images (id, name, friendly_name, description, categories, icon_svg, hue, "
      "reference, "
      "docker_id, cores, memory_bytes, shm_bytes, pids, network, run_config, exec_config, manifest, "
      "position) values "
      "($1, $2, $3, $4, $5::text[], $6, $7::integer, $8, $9, $10::numeric, $11::bigint, $12::bigint, "
      "$13::integer, $14, "
      "$15::jsonb, $16::jsonb, $17::jsonb, $18::integer) returning id) "
      "insert into image_groups (image_id, group_id) select id, $19::uuid from made",
      std::move(values));
  if (!made) co_return made.error();
  co_return Registered::kNew;
}

}  // namespace

Async<Result<std::vector<Image>>> list_images(postgres::Database& database) {
  auto rows = co_await database.query(select_images("order by i.position, i.friendly_name, i.id"));
  if (!rows) co_return rows.error().within("list workspaces");
  co_return images_of(*rows);
}

Async<Result<std::vector<Image>>> list_enabled_images(postgres::Database& database) {
  auto rows = co_await database.query("select " + std::string(kColumns) +
                                      ", encode(i.registry_password_sealed, 'hex') as sealed from images i "
                                      "where i.enabled order by i.position, i.id");
  if (!rows) co_return rows.error().within("list enabled workspaces");
  auto images = images_of(*rows);
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (auto const sealed = (*rows)[i].optional_text("sealed"))
      images[i].registry_password_sealed = from_hex(*sealed);
  }
  co_return images;
}

Async<Result<std::vector<Image>>> list_granted_images(postgres::Database& database, UserId user) {
  postgres::Parameters values(user);
  auto rows = co_await database.query(
      select_images(
          "where i.enabled and not i.hidden and exists (select 1 from image_groups ig join user_groups ug on "
          "ug.group_id = ig.group_id where ig.image_id = i.id and ug.user_id = $1) "
          "order by i.position, i.friendly_name, i.id"),
      std::move(values));
  if (!rows) co_return rows.error().within("list workspaces");
  co_return images_of(*rows);
}

Async<Result<std::optional<Image>>> find_image(postgres::Database& database, ImageId image) {
  postgres::Parameters values(image);
  auto rows = co_await database.query(select_images("where i.id = $1"), std::move(values));
  if (!rows) co_return rows.error().within("find the workspace");
  if (rows->empty()) co_return std::optional<Image>();
  co_return std::optional<Image>(image_of(rows->front()));
}

Async<Result<bool>> is_image_granted(postgres::Database& database, ImageId image, UserId user) {
  postgres::Parameters values(image, user);
  auto rows = co_await database.query(
      "select exists (select 1 from images i join image_groups ig on ig.image_id = i.id join user_groups ug "
      "on "
      "ug.group_id = ig.group_id where i.id = $1 and i.enabled and ug.user_id = $2) as granted",
      std::move(values));
  if (!rows) co_return rows.error().within("find the workspace");
  co_return rows->front().boolean("granted");
}

Async<Result<std::string>> find_icon(postgres::Database& database, ImageId image) {
  postgres::Parameters values(image);
  auto rows = co_await database.query("select icon_svg from images where id = $1", std::move(values));
  if (!rows) co_return rows.error().within("find the workspace's icon");
  co_return rows->empty() ? std::string() : rows->front().text("icon_svg");
}

Async<Result<Registered>> register_built_image(postgres::Database& database, BuiltImage image,
                                               GroupId grant_to, int position) {
  std::function<Async<Result<Registered>>(postgres::Queryable&)> body =
      [&image, grant_to, position](postgres::Queryable& transaction) {
        return register_in(transaction, image, grant_to, position);
      };
  auto outcome = co_await database.transaction<Registered>(std::move(body));
  if (!outcome) co_return outcome.error().within("register the image " + image.name);
  co_return outcome;
}

}  // namespace oriel::store
