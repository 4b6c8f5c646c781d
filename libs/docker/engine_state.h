#pragma once

// Inside libs/docker only.

#include <string>

#include "libs/docker/engine.h"
#include "libs/http/client.h"

namespace oriel::docker {

/// Reading what the engine answers, leniently: engines of different years add and drop members.
[[nodiscard]] json::Value const* member(json::Value const& value, std::string_view key);
[[nodiscard]] std::string text_at(json::Value const& value, std::string_view key);
[[nodiscard]] std::int64_t integer_at(json::Value const& value, std::string_view key);
[[nodiscard]] bool flag_at(json::Value const& value, std::string_view key);
[[nodiscard]] std::vector<std::string> texts_at(json::Value const& value, std::string_view key);
[[nodiscard]] Labels labels_at(json::Value const& value, std::string_view key);
[[nodiscard]] json::Object object_at(json::Value const& value, std::string_view key);
/// Docker's zero time (year 1) is nothing.
[[nodiscard]] std::optional<WallTime> time_at(json::Value const& value, std::string_view key);

/// `filters=…` for list calls, percent-encoded.
[[nodiscard]] std::string filters(Labels const& labels, std::vector<std::string> const& types = {});

/// The error with the code that a caller can act on.
[[nodiscard]] Error as_meant(Error error);

struct Engine::State {
  State(Executor executor, std::string socket_path);

  /// The path with the negotiated version before it.
  [[nodiscard]] Async<Result<std::string>> versioned(std::string path);
  /// Any status is a value; a lost daemon forgets the negotiated version.
  [[nodiscard]] Async<Result<http::Response>> send(http::ClientRequest request);
  [[nodiscard]] Async<Result<json::Value>> call(std::string method, std::string path,
                                                std::optional<json::Value> body,
                                                std::chrono::steady_clock::duration deadline);
  /// call() without an interest in the answer; these statuses are success too.
  [[nodiscard]] Async<Result<>> act(std::string method, std::string path, std::vector<int> also_good,
                                    std::chrono::steady_clock::duration deadline = limits::kDockerCall,
                                    std::optional<json::Value> body = std::nullopt);
  [[nodiscard]] Async<Result<Version>> negotiate();
  void note(Error const& error);

  http::Client client;
  std::optional<Version> negotiated;
};

}  // namespace oriel::docker
