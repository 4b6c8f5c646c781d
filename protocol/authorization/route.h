#pragma once

#include <array>
#include <optional>
#include <string_view>

/// The rows of matrix.json, and the rule that a route without one does not compile. README.md beside this
/// file tells how to write a row.
namespace oriel::protocol::authorization {

struct Row {
  std::string_view service;  ///< api, manager
  std::string_view method;
  std::string_view path;  ///< as declared: `/api/v1/sessions/{id}`
  std::string_view action;
};

inline constexpr auto kRows = std::to_array<Row>({
#include "protocol/authorization/routes.inc"
});

/// The action of a row; nullopt when there is none.
constexpr std::optional<std::string_view> action_of(std::string_view service, std::string_view method,
                                                    std::string_view path) {
  for (auto const& row : kRows) {
    if (row.service == service && row.method == method && row.path == path) return row.action;
  }
  return std::nullopt;
}

// Named in the compiler's message: neither can be called while compiling.
void this_route_has_no_row_in_protocol_authorization();
void this_route_has_another_action_in_protocol_authorization();

/// A declared route. Written as `{"GET", "/api/v1/me", "read_own_profile"}`; compiles only when the matrix
/// says the same.
template <char const* service>
class Route {
 public:
  consteval Route(char const* method, char const* path, char const* action)
      : method_(method), path_(path), action_(action) {
    auto const known = action_of(service, method, path);
    if (!known) this_route_has_no_row_in_protocol_authorization();
    if (known && *known != std::string_view(action))
      this_route_has_another_action_in_protocol_authorization();
  }

  [[nodiscard]] constexpr std::string_view method() const { return method_; }
  [[nodiscard]] constexpr std::string_view path() const { return path_; }
  [[nodiscard]] constexpr std::string_view action() const { return action_; }

 private:
  std::string_view method_;
  std::string_view path_;
  std::string_view action_;
};

inline constexpr char kApi[] = "api";
inline constexpr char kManager[] = "manager";
using ApiRoute = Route<kApi>;
using ManagerRoute = Route<kManager>;

}  // namespace oriel::protocol::authorization
