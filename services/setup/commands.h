#pragma once

#include <string>

#include "libs/async/async.h"
#include "libs/base/result.h"
#include "services/setup/options.h"

/// What `oriel up` has done to the database; each may be run again at any time and changes only what is
/// missing.
namespace oriel::setup {

/// Roles with their passwords, the database `oriel`, its schema, and the installation's name in it.
[[nodiscard]] Async<Result<>> set_up_database(Executor executor, Options options);

/// The default zone, the two groups, the two first users and the first API key, as `credentials_file` says.
[[nodiscard]] Async<Result<>> create_first_users(Executor executor, Options options,
                                                 std::string credentials_file);

/// Registers or updates the workspaces of images built on this host: JSON lines `{name, tag, id, size,
/// manifest}`.
[[nodiscard]] Async<Result<>> register_images(Executor executor, Options options, std::string images_file);

/// Writes a token with which one agent may join within an hour.
[[nodiscard]] Async<Result<>> make_enrolment_token(Executor executor, Options options,
                                                   std::string output_file);

}  // namespace oriel::setup
