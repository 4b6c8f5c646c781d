#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/result.h"
#include "libs/http/message.h"

namespace oriel::api {

/// The web app's files, read into memory once: what is not among them cannot be reached by any path.
class WebFiles {
 public:
  /// Reads every file below `root` with its `.gz` beside it. kTooLarge above 64 MB in total. Blocks.
  [[nodiscard]] static Result<WebFiles> load(std::filesystem::path const& root);

  /// Answers with that file (`/assets/x.js`): type, ETag, caching, 304, and gzip where it is accepted. Empty
  /// when there is none.
  [[nodiscard]] std::optional<http::Response> answer(http::Request const& request,
                                                     std::string_view path) const;
  [[nodiscard]] bool has(std::string_view path) const { return files_.contains(path); }

  /// The highest `/client/<protocol>/` with a session page; 1 when there is none.
  [[nodiscard]] int newest_client() const { return newest_client_; }

 private:
  struct File {
    std::string content;
    std::string compressed;  ///< gzip; empty when there is none
    std::string type;
    std::string etag;
    bool immutable = false;
  };
  std::map<std::string, File, std::less<>> files_;
  int newest_client_ = 1;
};

}  // namespace oriel::api
