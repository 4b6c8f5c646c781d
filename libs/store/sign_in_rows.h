#pragma once

#include <string_view>

/// How a sign-in is judged in SQL; shared by the sources of this folder.
namespace oriel::store {

/// Of `sign_ins s join users u on u.id = s.user_id`: it may be used. $2 is kSignInIdle in seconds.
inline constexpr std::string_view kSignInHolds =
    "s.expires_at > now() and s.last_used_at > now() - $2::bigint * interval '1 second' "
    "and not u.locked and not u.disabled";

}  // namespace oriel::store
