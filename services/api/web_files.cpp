#include "services/api/web_files.h"

#include <algorithm>

#include "libs/base/file.h"
#include "libs/base/text.h"
#include "libs/crypto/crypto.h"

namespace oriel::api {
namespace {

constexpr std::size_t kTotalBytes = 64 * 1024 * 1024;
constexpr std::size_t kOneFileBytes = 16 * 1024 * 1024;

std::string type_of(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".wasm", "application/wasm"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".webmanifest", "application/manifest+json"},
  };
  for (auto const& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return std::string(type);
  }
  return "application/octet-stream";
}

/// `gzip` among the codings that the browser takes, and not with q=0.
bool accepts_gzip(http::Request const& request) {
  auto const header = request.headers.get("accept-encoding");
  if (!header) return false;
  for (auto const piece : split(*header, ',')) {
    auto const parts = split(piece, ';', 2);
    if (!equal_ignoring_case(trim(parts[0]), "gzip")) continue;
    auto const weight = parts.size() == 2 ? trim(parts[1]) : std::string_view();
    return weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000";
  }
  return false;
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  for (auto piece : split(if_none_match, ',')) {
    piece = trim(piece);
    if (piece.starts_with("W/")) piece.remove_prefix(2);
    if (piece == etag || piece == "*") return true;
  }
  return false;
}

}  // namespace

Result<WebFiles> WebFiles::load(std::filesystem::path const& root) {
  WebFiles files;
  std::map<std::string, std::string> compressed;
  std::size_t total = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator walk(root, error), end; !error && walk != end;
       walk.increment(error)) {
    if (!walk->is_regular_file(error) || walk->is_symlink(error)) continue;
    auto const path = "/" + walk->path().lexically_relative(root).generic_string();
    auto content = read_file(walk->path(), kOneFileBytes);
    if (!content) return content.error().within("read the web app's files");
    total += content->size();
    if (total > kTotalBytes)
      return fail(Code::kTooLarge, "the web app's files in " + root.string() + " exceed 64 MB");
    if (path.ends_with(".gz")) {
      compressed[path.substr(0, path.size() - 3)] = std::move(*content);
      continue;
    }
    File file;
    file.type = type_of(path);
    file.etag = "\"" + crypto::sha256_hex(*content).substr(0, 32) + "\"";
    // Their names change with their contents; pages keep their names and are asked for again each time.
    file.immutable =
        (path.starts_with("/assets/") || path.starts_with("/client/")) && !path.ends_with(".html");
    file.content = std::move(*content);
    files.files_[path] = std::move(file);

    auto const parts = split(path, '/');
    if (parts.size() == 4 && parts[1] == "client" && parts[3] == "session.html") {
      if (auto const number = parse_integer(parts[2]))
        files.newest_client_ = std::max(files.newest_client_, static_cast<int>(*number));
    }
  }
  if (error)
    return fail(Code::kNotFound,
                "cannot read the web app's files in " + root.string() + ": " + error.message());
  for (auto& [path, content] : compressed) {
    if (auto const found = files.files_.find(path); found != files.files_.end())
      found->second.compressed = std::move(content);
  }
  return files;
}

std::optional<http::Response> WebFiles::answer(http::Request const& request, std::string_view path) const {
  auto const found = files_.find(path);
  if (found == files_.end()) return std::nullopt;
  auto const& file = found->second;
  http::Response response;
  response.headers.set("ETag", file.etag);
  response.headers.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!file.compressed.empty()) response.headers.set("Vary", "Accept-Encoding");
  if (auto const known = request.headers.get("if-none-match"); known && matches(*known, file.etag)) {
    response.status = 304;
    return response;
  }
  response.headers.set("Content-Type", file.type);
  if (!file.compressed.empty() && accepts_gzip(request)) {
    response.headers.set("Content-Encoding", "gzip");
    response.body = file.compressed;
  } else {
    response.body = file.content;
  }
  return response;
}

}  // namespace oriel::api
