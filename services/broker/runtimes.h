#pragma once

#include <string>
#include <vector>

#include "libs/base/result.h"
#include "protocol/broker/messages.h"

namespace oriel::broker {

/// The runtime trees of this host, `$HOME_DIR/runtime/<hash>`. Small reads of a local directory: they do not
/// block long.
class Runtimes {
 public:
  explicit Runtimes(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::vector<protocol::broker::Runtime> list() const;
  /// The named one, or the newest when `hash` is empty; kNotFound, or kForbidden when others than root could
  /// change it.
  [[nodiscard]] Result<protocol::broker::Runtime> find(std::string const& hash) const;
  [[nodiscard]] std::string tree(std::string const& hash) const { return directory_ + "/" + hash; }

 private:
  std::string directory_;
};

}  // namespace oriel::broker
