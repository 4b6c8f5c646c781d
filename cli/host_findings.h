#pragma once

#include "cli/installation.h"
#include "libs/async/async.h"

namespace oriel::cli {

/// Looks at the host as `oriel doctor` does and leaves what it finds where the API's page reads it.
[[nodiscard]] Async<> leave_host_findings(Executor executor, Installation installation);

}  // namespace oriel::cli
