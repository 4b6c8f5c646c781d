#pragma once

#include <cstdint>

namespace oriel {

/// Bytes of anonymous memory of the whole container whose first process has this pid on the host, by its
/// cgroup (v1 or v2); of that process alone where the cgroup cannot be read; 0 when it is gone. The engine's
/// own statistics take up to a second.
[[nodiscard]] std::int64_t resident_bytes(std::int64_t process);

}  // namespace oriel
