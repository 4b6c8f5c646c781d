#pragma once

#include <string>

#include <sys/types.h>

#include "libs/testing/temporary_directory.h"

namespace oriel::testing {

/// A private Redis on a unix socket, without persistence. `password` sets requirepass. Throws
/// std::runtime_error when it cannot.
class RedisServer {
 public:
  explicit RedisServer(std::string password = {});
  ~RedisServer();
  RedisServer(RedisServer const&) = delete;
  RedisServer& operator=(RedisServer const&) = delete;

  [[nodiscard]] std::string socket_path() const;
  /// SIGKILL and start again: for reconnecting.
  void crash();
  void start();

 private:
  TemporaryDirectory directory_;
  std::string password_;
  pid_t process_ = -1;
};

}  // namespace oriel::testing
