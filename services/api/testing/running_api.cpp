#include "services/api/testing/running_api.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "libs/base/file.h"
#include "libs/base/log.h"
#include "libs/store/api_keys.h"
#include "libs/store/users.h"

namespace oriel::api::testing {
namespace {

std::string const& password_hash() {
  static std::string const hash = *crypto::hash_password(kPassword);
  return hash;
}

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

void write_web_app(std::filesystem::path const& root) {
  auto const put = [&root](std::string const& path, std::string const& content) {
    auto const target = root / path;
    (void)make_directory(target.parent_path());
    if (!write_file(target, content)) throw std::runtime_error("cannot write " + path);
  };
  put("index.html", "<!doctype html><title>portal</title>");
  put("favicon.svg", "<svg/>");
  put("assets/portal-AAAA.js", "console.log('portal')");
  put("assets/portal-AAAA.js.gz", "compressed bytes");
  put("client/1/session.html", "<!doctype html><title>session 1</title>");
  put("client/2/session.html", "<!doctype html><title>session 2</title>");
  put("client/2/session-BBBB.js", "console.log('session')");
}

}  // namespace

RunningApi::RunningApi() {
  log::configure("test", log::Level::kError);
  owner = test.open(loop.executor());
  basics = must(loop.run(store::testing::fill_basics(*owner)));
  (void)must(loop.run(
      store::ensure_user(*owner, {"other@oriel.local", "Other", "", "", {store::all_users_group()}})));
  other = (*must(loop.run(store::find_account_by_username(*owner, "other@oriel.local")))).user.id;
  postgres::Parameters values(password_hash());
  must(loop.run(owner->query("update users set password_hash = $1", std::move(values))));

  write_web_app(directory.path() / "web");
  auto const socket = Endpoint::unix_path(directory.file("api.sock"));
  api = make_instance(socket);
  client = std::make_unique<http::Client>(loop.executor(), socket,
                                          http::ClientOptions{.host = std::string(kHost)});
}

std::unique_ptr<Api> RunningApi::make_instance(Endpoint const& socket) {
  auto const web_root = directory.path() / "web";
  Options options;
  options.instance = "test";
  options.home = directory.path().string();
  options.socket = socket;
  options.proxy_group.reset();
  options.database.connection = test.connection("oriel_api");
  options.redis.endpoint = Endpoint::unix_path(redis.socket_path());
  options.token_key = token_key;
  options.addresses = Addresses({std::string(kOrigin)});
  options.web_root = web_root.string();
  auto files = must(WebFiles::load(web_root));
  auto instance = std::make_unique<Api>(loop.executor(), std::move(options), std::move(files));
  auto started = instance->start();
  if (!started) throw std::runtime_error(started.error().message);
  return instance;
}

void RunningApi::start_second() {
  auto const socket = Endpoint::unix_path(directory.file("second.sock"));
  second_ = make_instance(socket);
  second_client_ = std::make_unique<http::Client>(loop.executor(), socket,
                                                  http::ClientOptions{.host = std::string(kHost)});
}

void RunningApi::lift_blocks() {
  redis::Redis connection(loop.executor(), {.endpoint = Endpoint::unix_path(redis.socket_path())});
  (void)loop.run(connection.wait_until_ready(std::chrono::seconds(2)));
  auto const keys = must(loop.run(connection.command("KEYS", "*:blocked")));
  for (auto const& key : keys.elements) (void)must(loop.run(connection.command("DEL", key.text)));
  loop.run(connection.stop());
}

RunningApi::~RunningApi() {
  client.reset();
  second_client_.reset();
  if (second_) loop.run(second_->stop());
  loop.run(api->stop());
  api.reset();
}

http::Response RunningApi::send(std::string method, std::string target, Who const& who, std::string body,
                                bool at_second) {
  http::ClientRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.set("X-Real-IP", who.address);
  if (!who.cookie.empty()) request.headers.set("Cookie", std::string(kCookie) + "=" + who.cookie);
  if (who.from_our_pages) {
    request.headers.set("Origin", std::string(kOrigin));
    request.headers.set("Sec-Fetch-Site", "same-origin");
  }
  if (!body.empty()) request.headers.set("Content-Type", "application/json");
  for (auto const& [name, value] : who.headers) request.headers.set(name, value);
  request.body = std::move(body);
  auto& to = at_second ? *second_client_ : *client;
  return must(loop.run(to.send(std::move(request))));
}

http::Response RunningApi::try_sign_in(std::string const& username, std::string_view password,
                                       Who const& who) {
  return post("/api/v1/sign-in", who, json::Object{{"username", username}, {"password", password}});
}

Who RunningApi::sign_in(std::string const& username) {
  auto const response = try_sign_in(username, kPassword);
  auto const cookie = cookie_of(response);
  if (response.status != 200 || !cookie) throw std::runtime_error("sign-in: " + response.body);
  Who who;
  who.cookie = *cookie;
  return who;
}

http::Response RunningApi::call(std::string const& operation, std::string const& key, json::Object body) {
  if (!key.empty()) {
    body["api_key"] = key;
    body["api_key_secret"] = "secret-of-" + key;
  }
  Who program;
  program.from_our_pages = false;
  return send("POST", "/api/public/" + operation, program, json::text(body));
}

void RunningApi::make_key(std::string const& name, std::vector<int> permissions, bool read_only) {
  store::NewApiKey key;
  key.name = name;
  key.key = name;
  key.secret_hash = crypto::keyed_hash(token_key, "secret-of-" + name);
  key.permissions = std::move(permissions);
  key.read_only = read_only;
  (void)must(loop.run(store::ensure_api_key(*owner, std::move(key))));
}

store::Session RunningApi::launch(Who const& who) {
  auto const response = post("/api/v1/sessions", who, json::Object{{"workspace_id", basics.image.text()}});
  if (response.status != 201) throw std::runtime_error("launch: " + response.body);
  auto const id = SessionId::parse(std::string_view(body_of(response).at("id").as_string()));
  return *must(loop.run(store::find_session(*owner, *id)));
}

void RunningApi::make_running(SessionId session) {
  if (count("select count(*) from agents") == 0) {
    (void)must(loop.run(store::testing::add_agent(*owner, basics, "alpha", 8, std::int64_t{64} << 30)));
  }
  auto const placed = must(loop.run(store::place_session(*owner, session)));
  if (!placed || placed->session.state != domain::SessionState::kPlaced)
    throw std::runtime_error("it was not placed");
  auto const running =
      must(loop.run(store::advance_session(*owner, session, placed->session.generation, domain::Cause::kAgent,
                                           {.state = domain::SessionState::kRunning, .container_id = "c1"})));
  if (!running) throw std::runtime_error("it does not run");
}

void RunningApi::execute(std::string sql) { must(loop.run(owner->query(std::move(sql)))); }

std::int64_t RunningApi::count(std::string sql) {
  return must(loop.run(owner->query(std::move(sql)))).front().integer("count");
}

json::Value body_of(http::Response const& response) {
  auto value = json::parse(response.body);
  if (!value) {
    ADD_FAILURE() << "no JSON: " << response.status << " " << response.body;
    return json::Object();
  }
  return *value;
}

std::string error_code(http::Response const& response) {
  auto const body = body_of(response);
  if (!body.is_object() || !body.get_object().contains("error")) return "no error: " + response.body;
  return std::string(std::string_view(body.at("error").at("code").as_string()));
}

std::optional<std::string> cookie_of(http::Response const& response) {
  auto const header = response.headers.get("set-cookie");
  if (!header || !header->starts_with(std::string(kCookie) + "=")) return std::nullopt;
  auto const value = header->substr(kCookie.size() + 1);
  return std::string(value.substr(0, value.find(';')));
}

}  // namespace oriel::api::testing
