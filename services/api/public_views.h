#pragma once

#include <string>

#include "libs/base/json.h"
#include "libs/store/images.h"
#include "libs/store/sessions.h"
#include "libs/store/users.h"

/// The shapes of the compatible public API (protocol/public-api). Ids are 32 hex digits everywhere save in
/// `port_map`'s paths.
namespace oriel::api {

/// `2020-11-11 18:33:15`, exactly 19 characters: some clients compare such text.
[[nodiscard]] std::string plain_seconds(WallTime time);

/// The `kasm` object. `host` is what the client asked, `token` a connect token or empty.
[[nodiscard]] json::Object kasm_view(store::Session const& session, std::string_view host,
                                     std::string_view token);
/// The same for get_kasms, with `user`, `server` and what other clients read there.
[[nodiscard]] json::Object listed_kasm_view(store::Session const& session, std::string_view host);
[[nodiscard]] json::Object public_user_view(store::User const& user, json::Array kasms);
[[nodiscard]] json::Object public_image_view(store::Image const& image, bool available,
                                             std::string_view zone_name);
/// A state in that API's words: requested, starting, running, paused, stopped, deleting …
[[nodiscard]] std::string_view operational_status(domain::SessionState state);

}  // namespace oriel::api
