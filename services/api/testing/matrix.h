#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/json.h"
#include "libs/domain/permissions.h"
#include "services/api/testing/running_api.h"

namespace oriel::api::testing {

/// One row of protocol/authorization/matrix.json.
struct MatrixRow {
  std::string method{};
  std::string path{};       ///< as declared
  domain::Action action{};  ///< what the route declares
  domain::Action asked{};   ///< what is decided in the end: another one where a query widens it
  std::string object{};     ///< session, workspace, …: what `{id}` stands for; empty: no object
  std::string query{};
  std::string body{};
  std::vector<int> status{};  ///< in the order of Matrix::subjects
  bool planned = false;       ///< a stream that no session has yet

  [[nodiscard]] bool is_public() const { return is_public_api(path); }
  /// Its answer goes on: events, a log.
  [[nodiscard]] bool goes_on() const { return path == "/api/v1/events" || path.ends_with("/log"); }
};

struct Matrix {
  std::vector<std::string> subjects{};
  std::vector<std::string> like_anonymous{};  ///< subjects whose right is over
  std::vector<MatrixRow> routes{};
  std::vector<MatrixRow> streams{};  ///< path: the stream's name
  std::vector<std::pair<domain::Action, std::vector<int>>> permissions{};

  /// Throws when the file is not whole.
  [[nodiscard]] static Matrix read();
  /// The status that a subject gets; those whose right is over get anonymous's.
  [[nodiscard]] int status(MatrixRow const& row, std::string const& subject) const;
  /// The permissions that a key needs for it.
  [[nodiscard]] std::vector<int> permissions_for(domain::Action action) const;
};

/// The people, keys, workspaces and sessions that the matrix speaks of, made anew for each cell as needed.
class MatrixWorld {
 public:
  MatrixWorld();

  /// Calls a row's route as that subject, with the owner's objects, or with `id` in their place.
  [[nodiscard]] http::Response call(MatrixRow const& row, std::string const& subject,
                                    std::optional<std::string> id = std::nullopt);
  /// The proxy's question for a stream of the owner's session, or of session `id`.
  [[nodiscard]] http::Response authorize(MatrixRow const& stream, std::string const& subject,
                                         std::optional<std::string> id = std::nullopt);
  /// The same for somebody who is there already, in a world that prepare() has put right.
  [[nodiscard]] http::Response call_as(MatrixRow const& row, Who const& who,
                                       std::optional<std::string> id = std::nullopt);
  [[nodiscard]] http::Response authorize_as(MatrixRow const& stream, Who who,
                                            std::optional<std::string> id = std::nullopt);
  /// Makes users, workspace and session anew when the last call may have changed them.
  void prepare();
  /// What `can()` says of the same, for the subject as the guard sees it.
  [[nodiscard]] domain::Verdict verdict(MatrixRow const& row, std::string const& subject);
  /// Somebody signed in, or with a key, as the matrix names them.
  [[nodiscard]] Who subject(std::string const& name, MatrixRow const& row);

  RunningApi api;
  Matrix matrix = Matrix::read();
  ImageId workspace{};  ///< granted to the owner alone
  SessionId session{};  ///< the owner's, running
  UserId person{};      ///< whom administrators act on
  MessageId message{};  ///< unread in it
  AgentId server{};     ///< one that does not answer and holds nothing

 private:
  [[nodiscard]] Who signed_in(UserId user, std::optional<SessionId> bound = std::nullopt);
  [[nodiscard]] std::string fill(std::string text) const;
  [[nodiscard]] std::string id_of(std::string const& object) const;
  [[nodiscard]] http::Response send(std::string method, std::string target, Who who, std::string body);

  std::string api_key_{};  ///< of the subject at hand
  std::string api_key_secret_{};
  bool changed_ = true;  ///< the last call may have changed something
  int calls_ = 0;
};

/// Answer without what differs from one request to the next: the request's id.
[[nodiscard]] std::string comparable(http::Response const& response);

}  // namespace oriel::api::testing
