#pragma once

#include <string>
#include <vector>

#include "cli/installation.h"

namespace oriel::cli {

/// What proxy-listen opens and nginx.conf names: `0.0.0.0:8443`, and `[::]:8443` where the kernel has IPv6.
[[nodiscard]] std::vector<std::string> listen_addresses(Installation const& installation);

/// proxy/nginx.conf.template with this installation's values.
[[nodiscard]] std::string proxy_configuration(Installation const& installation, unsigned workers);

}  // namespace oriel::cli
