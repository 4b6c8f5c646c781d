#include "services/api/testing/matrix.h"

#include <algorithm>
#include <stdexcept>

#include "libs/base/file.h"
#include "libs/base/text.h"
#include "libs/store/session_notices.h"
#include "libs/store/sign_ins.h"

namespace oriel::api::testing {
namespace {

std::string const kViewer(32, 'a');

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string text_of(json::Object const& object, std::string_view name) {
  auto const* const value = object.if_contains(name);
  return value == nullptr ? std::string() : std::string(std::string_view(value->as_string()));
}

domain::Action action_named(std::string const& name) {
  auto const action = domain::parse_action(name);
  if (!action) throw std::runtime_error("the matrix names an unknown action: " + name);
  return *action;
}

std::vector<int> numbers_of(json::Value const& value) {
  std::vector<int> numbers;
  for (auto const& one : value.as_array()) numbers.push_back(static_cast<int>(one.as_int64()));
  return numbers;
}

std::vector<std::string> words_of(json::Value const& value) {
  std::vector<std::string> words;
  for (auto const& one : value.as_array()) words.emplace_back(std::string_view(one.as_string()));
  return words;
}

MatrixRow row_of(json::Object const& object) {
  MatrixRow row;
  auto const route = text_of(object, "route");
  auto const space = route.find(' ');
  row.method = route.substr(0, space);
  row.path = route.substr(space + 1);
  row.action = action_named(text_of(object, "action"));
  auto const asks = text_of(object, "asks");
  row.asked = asks.empty() ? row.action : action_named(asks);
  row.object = text_of(object, "object");
  row.query = text_of(object, "query");
  row.body = text_of(object, "body");
  row.status = numbers_of(object.at("status"));
  return row;
}

/// Ends a stream of events after its first bytes: the status is what counts.
Async<Result<>> enough(std::string) { co_return fail(Code::kConflict, "enough"); }

}  // namespace

Matrix Matrix::read() {
  auto const text = must(read_file(
      std::string(ORIEL_SOURCE_DIRECTORY) + "/protocol/authorization/matrix.json", std::size_t{1} << 20));
  auto const whole = must(json::parse(text));
  auto const& object = whole.as_object();
  Matrix matrix;
  matrix.subjects = words_of(object.at("subjects"));
  matrix.like_anonymous = words_of(object.at("like_anonymous"));
  for (auto const& one : object.at("routes").as_array()) matrix.routes.push_back(row_of(one.as_object()));
  for (auto const& one : object.at("streams").as_array()) {
    MatrixRow row;
    row.method = "GET";
    row.path = text_of(one.as_object(), "stream");
    auto const asks = text_of(one.as_object(), "asks");
    row.action = row.asked = asks.empty() ? domain::Action::kConnectStream : action_named(asks);
    row.object = "session";
    row.status = numbers_of(one.as_object().at("status"));
    row.planned = one.as_object().contains("planned");
    matrix.streams.push_back(std::move(row));
  }
  for (auto const& entry : object.at("permissions").as_object()) {
    matrix.permissions.emplace_back(action_named(std::string(entry.key())), numbers_of(entry.value()));
  }
  return matrix;
}

int Matrix::status(MatrixRow const& row, std::string const& subject) const {
  auto const found = std::ranges::find(subjects, subject);
  return row.status.at(found == subjects.end() ? 0 : static_cast<std::size_t>(found - subjects.begin()));
}

std::vector<int> Matrix::permissions_for(domain::Action action) const {
  for (auto const& [known, numbers] : permissions) {
    if (known == action) return numbers;
  }
  return {};
}

MatrixWorld::MatrixWorld() {
  store::NewGroup owners{GroupId::random(), "Owners", "", 50, {domain::Permission::kUser}};
  auto const group = owners.id;
  must(api.loop.run(store::ensure_group(*api.owner, std::move(owners))));
  workspace = ImageId::random();
  auto const image = workspace.text();
  api.execute("insert into images (id, name, friendly_name, reference, docker_id) values ('" + image +
              "', 'matrix', 'Matrix', 'oriel/firefox:1', 'sha256:aa')");
  api.execute("insert into image_groups values ('" + image + "', '" + group.text() + "')");
  api.execute("insert into user_groups values ('" + api.basics.user.text() + "', '" + group.text() + "')");
}

void MatrixWorld::prepare() {
  if (!changed_) return;
  changed_ = false;
  api.execute("update users set disabled = false, locked = false");
  api.execute("delete from sign_ins");
  person = UserId::random();
  auto const name = "matrix-" + person.text();
  api.execute("insert into users (id, username, username_key, password_hash) values ('" + person.text() +
              "', '" + name + "', '" + name + "', 'none')");
  api.execute("delete from sessions");
  store::SessionRequest request;
  request.user = api.basics.user;
  request.image = workspace;
  request.actor.kind = "user";
  session = must(api.loop.run(store::request_session(*api.owner, request))).id;
  api.make_running(session);
  store::NewSessionMessage sent{session, api.basics.administrator, "Administrator", "x", {}};
  must(api.loop.run(store::send_session_message(*api.owner, std::move(sent))));
  message = must(api.loop.run(store::list_session_messages(*api.owner, session))).at(0).id;
  api.execute("delete from agents where hostname = 'silent'");
  server = must(api.loop.run(store::testing::add_agent(*api.owner, api.basics, "silent", 1, 1)));
  api.execute("update agents set state = 'unreachable' where hostname = 'silent'");
}

Who MatrixWorld::signed_in(UserId user, std::optional<SessionId> bound) {
  auto const token = random_token();
  store::NewSignIn sign_in;
  sign_in.token_hash = crypto::keyed_hash(api.token_key, token);
  sign_in.user = user;
  sign_in.bound_session = bound;
  must(api.loop.run(store::create_sign_in(*api.owner, sign_in)));
  Who who;
  who.cookie = token;
  return who;
}

Who MatrixWorld::subject(std::string const& name, MatrixRow const& row) {
  api_key_.clear();
  auto const underscore = name.find('_');
  auto const kind = name.substr(0, underscore);
  auto const state = underscore == std::string::npos ? std::string() : name.substr(underscore + 1);
  if (kind == "anonymous") return {};
  if (kind == "key") {
    std::vector<int> numbers = matrix.permissions_for(row.asked);
    if (numbers.empty() || state == "read_only") numbers = {200};
    if (state == "without") {
      std::vector<int> others;
      for (auto const& [action, needed] : matrix.permissions) {
        for (auto const number : needed) {
          if (std::ranges::find(numbers, number) == numbers.end()) others.push_back(number);
        }
      }
      numbers = others;
    }
    api_key_ = "key" + std::to_string(calls_);
    api_key_secret_ = "secret-of-" + api_key_;
    if (state != "unknown") api.make_key(api_key_, numbers, state == "read_only");
    auto const of_it = " where key = '" + api_key_ + "'";
    if (state == "expired")
      api.execute("update api_keys set expires_at = now() - interval '1 second'" + of_it);
    if (state == "disabled") api.execute("update api_keys set enabled = false" + of_it);
    if (state == "wrong_secret") api_key_secret_ = "another-secret";
    Who program;
    program.headers["X-Api-Key"] = api_key_;
    program.headers["Authorization"] = "Bearer " + api_key_secret_;
    return program;
  }
  auto const user = kind == "other"           ? api.other
                    : kind == "administrator" ? api.basics.administrator
                                              : api.basics.user;
  auto who = signed_in(user, kind == "link" ? std::optional(session) : std::nullopt);
  auto const of_it =
      " where token_hash = decode('" + crypto::keyed_hash(api.token_key, who.cookie) + "', 'hex')";
  auto const of_user = " where id = '" + user.text() + "'";
  if (state.empty()) return who;
  if (state == "expired") {
    api.execute("update sign_ins set expires_at = now() - interval '1 second'" + of_it);
  } else if (state == "idle") {
    api.execute("update sign_ins set last_used_at = now() - interval '13 hours'" + of_it);
  } else if (state == "signed_out") {
    must(api.loop.run(store::end_sign_in(*api.owner, crypto::keyed_hash(api.token_key, who.cookie))));
  } else if (state == "disabled" || state == "locked") {
    api.execute("update users set " + state + " = true" + of_user);
    changed_ = true;
  } else {
    throw std::runtime_error("the matrix names an unknown subject: " + name);
  }
  return who;
}

std::string MatrixWorld::id_of(std::string const& object) const {
  if (object == "session") return session.text();
  if (object == "workspace") return workspace.text();
  if (object == "user") return person.text();
  if (object == "server") return server.text();
  throw std::runtime_error("the matrix names an unknown object: " + object);
}

std::string MatrixWorld::fill(std::string text) const {
  auto const put = [&text](std::string_view name, std::string const& value) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  };
  put("{session}", session.text());
  put("{workspace}", workspace.text());
  put("{owner}", api.basics.user.text());
  put("{other}", api.other.text());
  put("{call}", std::to_string(calls_));
  return text;
}

http::Response MatrixWorld::send(std::string method, std::string target, Who who, std::string body) {
  // Guesses are counted by address: each call comes from one of its own.
  who.address = "198.18." + std::to_string(calls_ / 250 % 250) + "." + std::to_string(calls_ % 250 + 1);
  auto response = api.send(std::move(method), std::move(target), who, std::move(body));
  return response;
}

http::Response MatrixWorld::call(MatrixRow const& row, std::string const& name,
                                 std::optional<std::string> id) {
  prepare();
  auto const who = subject(name, row);
  return call_as(row, who, std::move(id));
}

http::Response MatrixWorld::call_as(MatrixRow const& row, Who const& who, std::optional<std::string> id) {
  ++calls_;
  auto target = row.path;
  if (auto const at = target.find("{id}"); at != std::string::npos)
    target.replace(at, 4, id ? *id : id_of(row.object));
  if (auto const at = target.find("{message}"); at != std::string::npos)
    target.replace(at, 9, message.text());
  if (!row.query.empty()) target += "?" + row.query;
  auto body = fill(row.body);
  if (id && !row.object.empty()) {
    auto const own = id_of(row.object);
    if (auto const at = body.find(own); at != std::string::npos) body.replace(at, own.size(), *id);
  }
  if (row.is_public()) {
    auto members = body.empty() ? json::Object() : must(json::parse(body)).as_object();
    if (!api_key_.empty()) {
      members["api_key"] = api_key_;
      members["api_key_secret"] = api_key_secret_;
    }
    body = json::text(members);
  }
  if (row.goes_on()) {
    http::ClientRequest request;
    request.target = target;
    if (!who.cookie.empty()) request.headers.set("Cookie", std::string(kCookie) + "=" + who.cookie);
    bool opened = false;
    request.on_open = [&opened] { opened = true; };
    auto answer = api.loop.run(api.client->stream(std::move(request), enough));
    http::Response response;
    response.status = 200;
    if (!opened) response = must(std::move(answer));
    return response;
  }
  auto response = send(row.method, target, who, std::move(body));
  if (response.status < 300 && !domain::only_reads(row.action)) changed_ = true;
  return response;
}

http::Response MatrixWorld::authorize(MatrixRow const& stream, std::string const& name,
                                      std::optional<std::string> id) {
  prepare();
  auto const who = subject(name, stream);
  return authorize_as(stream, who, std::move(id));
}

http::Response MatrixWorld::authorize_as(MatrixRow const& stream, Who who, std::optional<std::string> id) {
  ++calls_;
  who.headers["X-Original-URI"] =
      "/sessions/" + id.value_or(session.text()) + "/" + stream.path + "?viewer=" + kViewer;
  who.headers["X-Original-Method"] = "GET";
  return send("GET", "/internal/authorize", who, "");
}

domain::Verdict MatrixWorld::verdict(MatrixRow const& row, std::string const& name) {
  domain::Subject subject;
  auto const is_key = name.starts_with("key");
  auto const over = std::ranges::find(matrix.like_anonymous, name) != matrix.like_anonymous.end();
  if (is_key && row.is_public() && !over) {
    subject.kind = domain::Subject::Kind::kApiKey;
    auto numbers = matrix.permissions_for(row.asked);
    if (name == "key_read_only") numbers = {200};
    if (name == "key_without") numbers.clear();
    subject.permissions = domain::PermissionSet(numbers);
    subject.read_only = name == "key_read_only";
  } else if (!is_key && !row.is_public() && name != "anonymous" && !over) {
    subject.kind = domain::Subject::Kind::kUser;
    subject.user = name == "other"           ? api.other
                   : name == "administrator" ? api.basics.administrator
                                             : api.basics.user;
    subject.permissions = {domain::Permission::kUser};
    if (name == "administrator") subject.permissions.add(static_cast<int>(domain::Permission::kGlobalAdmin));
    if (name == "link") subject.bound_session = session;
  }
  domain::Object object;
  if (row.object == "session") {
    object.session = session;
    object.owner = api.basics.user;
  }
  object.granted = row.object == "workspace" && (name == "owner" || name == "link");
  return domain::can(subject, row.asked, object);
}

std::string comparable(http::Response const& response) {
  auto const id = std::string(response.headers.get("x-request-id").value_or(""));
  std::string text = std::to_string(response.status) + "\n";
  for (auto const& [name, value] : response.headers.all()) {
    if (lower_ascii(name) == "date") continue;
    text += name + ": " + value + "\n";
  }
  text += response.body;
  for (auto at = text.find(id); !id.empty() && at != std::string::npos; at = text.find(id))
    text.replace(at, id.size(), "(request)");
  return text;
}

}  // namespace oriel::api::testing
