// What the Manager's doors answer to whom, and what an agent that was taken over can do with its own key.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "libs/async/deadline.h"
#include "libs/async/task_group.h"
#include "libs/base/file.h"
#include "libs/base/text.h"
#include "libs/crypto/certificate.h"
#include "libs/http/client.h"
#include "libs/http/json_body.h"
#include "libs/store/agents.h"
#include "libs/store/sessions.h"
#include "libs/store/sign_ins.h"
#include "libs/store/testing/database.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"
#include "services/manager/manager.h"

namespace oriel {
namespace {

using namespace std::chrono_literals;
namespace wire = protocol::agent;

/// An agent's identity, and what it says on a channel of its own.
struct Strange {
  AgentId id{};
  crypto::SigningKey key = crypto::SigningKey::random();
  std::string certificate_pem{};
  std::shared_ptr<http::WebSocket> socket{};
  std::shared_ptr<std::vector<std::string>> heard = std::make_shared<std::vector<std::string>>();
};

/// Keeps what comes until the channel ends.
Async<> listen(std::shared_ptr<http::WebSocket> socket, std::shared_ptr<std::vector<std::string>> heard) {
  for (;;) {
    auto message = co_await socket->read();
    if (!message) co_return;
    heard->push_back(std::move(message->data));
  }
}

Async<Result<http::WebSocketMessage>> read_within(http::WebSocket& socket, std::chrono::milliseconds limit) {
  auto reading = socket.read();
  auto outcome = co_await with_deadline(std::move(reading), limit, "a message");
  co_return outcome;
}

class StrangeAgent : public ::testing::Test {
 protected:
  StrangeAgent() {
    database = test_database.open(loop.executor());
    auto filled = loop.run(store::testing::fill_basics(*database));
    EXPECT_TRUE(filled);
    basics = *filled;
    options.socket = Endpoint::unix_path(directory.file("manager.sock"));
    options.agent_group.reset();
    options.database.connection = test_database.connection("oriel_manager");
    options.authority = authority();
    options.token_key = crypto::Key::random();
    options.seal_key = crypto::Key::random();
    manager = std::make_unique<manager::Manager>(loop.executor(), options);
    auto started = manager->start();
    EXPECT_TRUE(started) << started.error();
    client = std::make_unique<http::Client>(loop.executor(), options.socket);
  }
  ~StrangeAgent() override {
    listening.cancel();
    loop.run(listening.stop());
    client.reset();
    loop.run(manager->stop());
    database->close();
    loop.poll();
  }

  static manager::Authority authority() {
    manager::Authority made;
    made.key = crypto::SigningKey::random();
    made.certificate_pem = *crypto::make_authority(made.key, "Oriel test", 24h);
    return made;
  }
  std::string token(std::string const& text) {
    EXPECT_TRUE(
        loop.run(store::create_enrolment_token(*database, crypto::keyed_hash(options.token_key, text))));
    return text;
  }
  static http::ClientRequest enrolment(std::string const& token, crypto::SigningKey const& key) {
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/agent/v1/enrol";
    request.headers.set("Content-Type", "application/json");
    wire::EnrolRequest body;
    body.token = token;
    body.hostname = "strange";
    body.public_key_pem = crypto::public_key_pem(key);
    request.body = json::write_text(body);
    return request;
  }
  int enrol_status(http::ClientRequest request) {
    auto answer = loop.run(client->send(std::move(request)));
    EXPECT_TRUE(answer);
    return answer ? answer->status : 0;
  }
  Strange enrolled(std::string const& with_token) {
    Strange agent;
    auto answer = loop.run(client->send(enrolment(token(with_token), agent.key)));
    EXPECT_TRUE(answer && answer->status == 200);
    auto enrol = json::parse_as<wire::EnrolAnswer>(answer->body, json::Unknown::kIgnore);
    EXPECT_TRUE(enrol);
    agent.id = enrol->agent_id;
    agent.certificate_pem = enrol->certificate_pem;
    return agent;
  }

  /// Opens a channel and says hello as `change` makes it; the close code, or 0 when it was welcomed.
  int hello(Strange& agent, std::function<void(wire::Hello&, Bytes const& nonce)> const& change = {},
            http::Headers headers = {}) {
    auto socket = loop.run(http::WebSocketClient::connect(loop.executor(), options.socket,
                                                          "/agent/v1/channel", std::move(headers)));
    EXPECT_TRUE(socket);
    auto first = loop.run((*socket)->read());
    EXPECT_TRUE(first);
    auto challenge = json::parse_as<wire::Challenge>(first->data, json::Unknown::kIgnore);
    EXPECT_TRUE(challenge);
    auto const nonce = *from_base64(challenge->nonce);
    wire::Hello message;
    message.agent_id = agent.id;
    message.certificate_pem = agent.certificate_pem;
    message.signature = signature(agent.key, nonce);
    message.version = "strange";
    if (change) change(message, nonce);
    last_hello = message;
    EXPECT_TRUE(loop.run((*socket)->write(json::write_text(message))));
    auto answer = loop.run(read_within(**socket, 5s));
    if (!answer) return (*socket)->close_code();
    EXPECT_NE(answer->data.find("welcome"), std::string::npos);
    agent.socket = std::move(*socket);
    listening.spawn(listen(agent.socket, agent.heard));
    return 0;
  }
  static std::string signature(crypto::SigningKey const& key, Bytes const& nonce) {
    std::string text = wire::kSignaturePrefix;
    text += as_text(nonce);
    return base64(crypto::sign(key, as_bytes(text)));
  }
  void say(Strange& agent, std::string text) {
    EXPECT_TRUE(agent.socket && loop.run(agent.socket->write(std::move(text))));
  }
  void offer(Strange& agent, double cores) {
    wire::Heartbeat heartbeat;
    heartbeat.resources.hostname = "host-" + agent.id.text().substr(0, 4);
    heartbeat.resources.cores_total = cores;
    heartbeat.resources.memory_total_bytes = std::int64_t{64} << 30;
    heartbeat.resources.disk_total_bytes = std::int64_t{1} << 40;
    say(agent, json::write_text(heartbeat));
    wire::Inventory inventory;
    wire::InventoryImage image;
    image.reference = "oriel/firefox:1";
    image.id = "sha256:aa";
    image.state = "present";
    image.progress = 100;
    image.manifest = json::Object{{"contract", "oriel/1"}};
    inventory.images = {image};
    say(agent, json::write_text(inventory));
  }
  store::Session row(SessionId id) { return **loop.run(store::find_session(*database, id)); }
  void sql(std::string text) { ASSERT_TRUE(loop.run(database->query(std::move(text)))); }
  std::int64_t count(std::string text) {
    return loop.run(database->query(std::move(text)))->front().integer("count");
  }

  oriel::testing::TemporaryDirectory directory;
  oriel::testing::Loop loop;
  store::testing::TestDatabase test_database;
  std::unique_ptr<postgres::Database> database;
  store::testing::Basics basics;
  manager::Options options;
  std::unique_ptr<manager::Manager> manager;
  std::unique_ptr<http::Client> client;
  wire::Hello last_hello{};
  TaskGroup listening{loop.executor()};
};

/// The rows of protocol/authorization/matrix.json that are the Manager's.
json::Object manager_row(std::string_view route) {
  auto const text = read_file(std::string(ORIEL_SOURCE_DIRECTORY) + "/protocol/authorization/matrix.json",
                              std::size_t{1} << 20);
  auto const whole = json::parse(*text);
  for (auto const& row : whole->at("manager").as_array()) {
    if (row.at("route").as_string() == route) return row.as_object();
  }
  ADD_FAILURE() << route << " is not in the matrix";
  return {};
}

TEST_F(StrangeAgent, EnrolmentAnswersAsTheMatrixSays) {
  token("good");
  token("used");
  token("expired");
  sql("update one_time_tokens set expires_at = now() - interval '1 second' where token_hash = decode('" +
      crypto::keyed_hash(options.token_key, "expired") + "', 'hex')");
  EXPECT_EQ(enrol_status(enrolment("used", crypto::SigningKey::random())), 200);
  auto const user = loop.run(store::find_account_by_username(*database, "user@oriel.local"));
  sql("insert into one_time_tokens (token_hash, purpose, user_id, expires_at) values (decode('" +
      crypto::keyed_hash(options.token_key, "connect") + "', 'hex'), 'connect', '" + (*user)->user.id.text() +
      "', now() + interval '1 minute')");
  store::NewSignIn sign_in;
  sign_in.token_hash = crypto::keyed_hash(options.token_key, "cookie");
  sign_in.user = basics.administrator;
  ASSERT_TRUE(loop.run(store::create_sign_in(*database, std::move(sign_in))));

  std::map<std::string, std::string> const tokens = {{"token", "good"},
                                                     {"no_token", ""},
                                                     {"unknown_token", "never"},
                                                     {"used_token", "used"},
                                                     {"expired_token", "expired"},
                                                     {"connect_token", "connect"},
                                                     {"cookie", "cookie"}};
  auto const row = manager_row("POST /agent/v1/enrol");
  std::set<std::string> tried;
  for (auto const& [name, text] : tokens) {
    auto request = enrolment(text, crypto::SigningKey::random());
    if (name == "cookie") request.headers.set("Cookie", "__Host-oriel=cookie");
    EXPECT_EQ(enrol_status(std::move(request)), row.at("status").at(name).as_int64()) << name;
    tried.insert(name);
  }
  EXPECT_EQ(tried.size(), row.at("status").as_object().size()) << "a case of the matrix is not tried";
  EXPECT_EQ(count("select count(*) from agents"), 2);
}

TEST_F(StrangeAgent, OfManyUsesOfATokenAtOnceOneEnrols) {
  token("one");
  int good = 0;
  int refused = 0;
  auto const use = [](http::Client& at, http::ClientRequest request, int& yes, int& no) -> Async<> {
    auto const answer = co_await at.send(std::move(request));
    if (answer && answer->status == 200) ++yes;
    if (answer && answer->status == 401) ++no;
  };
  TaskGroup group(loop.executor());
  for (int i = 0; i < 30; ++i)
    group.spawn(use(*client, enrolment("one", crypto::SigningKey::random()), good, refused));
  loop.run(group.wait());
  EXPECT_EQ(good, 1);
  EXPECT_EQ(refused, 29);
  EXPECT_EQ(count("select count(*) from agents"), 1);
}

TEST_F(StrangeAgent, TheChannelOpensToItsOwnKeyAlone) {
  auto first = enrolled("first");
  auto second = enrolled("second");
  auto removed = enrolled("removed");
  auto replaced = enrolled("replaced");
  Strange nobody;
  nobody.id = AgentId::random();
  sql("delete from agents where id = '" + removed.id.text() + "'");
  sql("update agents set public_key = '\\x00' where id = '" + replaced.id.text() + "'");
  ASSERT_EQ(hello(second), 0);
  auto const overheard = last_hello;

  std::map<std::string, int> closed;
  closed["agent"] = hello(first);
  closed["anybody"] = hello(nobody);
  closed["other_agents_certificate"] = hello(first, [&](wire::Hello& message, Bytes const&) {
    message.agent_id = second.id;
    message.certificate_pem = second.certificate_pem;
  });
  closed["wrong_signature"] = hello(first, [&](wire::Hello& message, Bytes const&) {
    message = overheard;  // somebody else's hello, for another nonce
  });
  closed["other_authority"] = hello(first, [&](wire::Hello& message, Bytes const&) {
    auto const other = authority();
    crypto::LeafRequest leaf;
    leaf.common_name = second.id.text();
    leaf.public_key = first.key.public_key;
    message.agent_id = second.id;
    message.certificate_pem = *crypto::issue_certificate(other.key, other.certificate_pem, leaf);
  });
  closed["removed_agent"] = hello(removed);
  closed["replaced_key"] = hello(replaced);
  closed["cookie"] = hello(nobody, {}, {{"Cookie", "__Host-oriel=x"}, {"Authorization", "Bearer x"}});
  // One's own certificate under somebody else's name.
  EXPECT_EQ(hello(first, [&](wire::Hello& message, Bytes const&) { message.agent_id = second.id; }), 4003);

  auto const row = manager_row("GET /agent/v1/channel");
  EXPECT_EQ(closed.size(), row.at("close").as_object().size()) << "a case of the matrix is not tried";
  for (auto const& [name, code] : closed) EXPECT_EQ(code, row.at("close").at(name).as_int64()) << name;
  // Nobody who was refused took the second agent's place.
  EXPECT_TRUE(second.socket->is_open());
  EXPECT_EQ(manager->channels().size(), 2U);
}

TEST_F(StrangeAgent, OneThatWasTakenOverReachesNothingBesideItsOwn) {
  auto honest = enrolled("honest");
  ASSERT_EQ(hello(honest), 0);
  offer(honest, 8);
  loop.run_for(200ms);
  store::SessionRequest request;
  request.user = basics.user;
  request.image = basics.image;
  request.actor.kind = "user";
  auto const id = loop.run(store::request_session(*database, request))->id;
  for (int i = 0; i < 200 && !row(id).agent; ++i) loop.run_for(50ms);
  ASSERT_EQ(row(id).agent, honest.id);
  wire::Observed observed;
  wire::ObservedSession running;
  running.id = id;
  running.attempt = row(id).attempt;
  running.generation = row(id).generation;
  running.state = "running";
  running.container_id = "honest";
  observed.sessions = {running};
  say(honest, json::write_text(observed));
  for (int i = 0; i < 200 && row(id).state != domain::SessionState::kRunning; ++i) loop.run_for(50ms);
  ASSERT_EQ(row(id).state, domain::SessionState::kRunning);
  loop.run_for(200ms);
  honest.heard->clear();
  auto const before = row(id);

  auto strange = enrolled("strange");
  ASSERT_EQ(hello(strange), 0);
  for (auto const& state : {"absent", "creating", "starting", "running", "ending", "gone", "failed", "odd"}) {
    for (auto const generation : {before.generation, before.generation + 1000}) {
      auto lie = running;
      lie.attempt = before.attempt + (generation > before.generation ? 1 : 0);
      lie.generation = generation;
      lie.state = state;
      lie.container_id = "stolen";
      lie.reason = "<script>alert(1)</script>";
      lie.viewers = 1'000'000;
      observed.sessions = {lie};
      say(strange, json::write_text(observed));
    }
  }
  // A session that nobody knows, and a server beyond all measure with a name that is a page.
  auto unknown = running;
  unknown.id = SessionId::random();
  observed.sessions = {unknown};
  say(strange, json::write_text(observed));
  wire::Heartbeat heartbeat;
  heartbeat.resources.hostname = std::string(5000, 'x') + "\r\n<img src=x onerror=alert(1)>";
  heartbeat.resources.cores_total = -4;
  heartbeat.resources.memory_total_bytes = -1;
  heartbeat.resources.sessions = -7;
  say(strange, json::write_text(heartbeat));
  wire::Inventory inventory;
  inventory.images.resize(2000);
  for (auto& image : inventory.images) image.reference = "../../<b>";
  inventory.networks.resize(2000);
  say(strange, json::write_text(inventory));
  loop.run_for(700ms);

  auto const after = row(id);
  EXPECT_EQ(after.state, domain::SessionState::kRunning);
  EXPECT_EQ(after.agent, honest.id);
  EXPECT_EQ(after.container_id, "honest");
  EXPECT_EQ(after.generation, before.generation);
  EXPECT_FALSE(after.reason);
  EXPECT_EQ(count("select count(*) from sessions"), 1);
  // It is told to end what it says it holds, and learns nothing of the session that is not its own.
  for (auto const& text : *strange.heard) {
    EXPECT_EQ(text.find("First"), std::string::npos) << text;
    auto const message = json::parse(text);
    ASSERT_TRUE(message);
    if (!message->as_object().contains("sessions")) continue;
    for (auto const& session : message->at("sessions").as_array())
      EXPECT_EQ(session.at("desired").as_string(), "ended") << text;
  }
  for (auto const& text : *honest.heard) EXPECT_EQ(text.find("\"ended\""), std::string::npos) << text;
  auto const stored = loop.run(store::find_agent(*database, strange.id));
  EXPECT_LE((*stored)->hostname.size(), 253U);
  EXPECT_LE((*stored)->images.size(), 512U);
  auto const capacity = store::capacity_of(**stored);
  EXPECT_GE(capacity.cores_total, 0);

  // Rubbish ends its own channel and nobody else's.
  for (auto const& rubbish :
       {std::string("{"), std::string(R"({"type":"desired"})"), std::string(100'000, '['),
        std::string(R"({"type":"observed","sessions":[{"id":"x"}]})")}) {
    Strange again;
    again.id = strange.id;
    again.key = strange.key;
    again.certificate_pem = strange.certificate_pem;
    ASSERT_EQ(hello(again), 0);
    (void)loop.run(again.socket->write(rubbish));
    for (int i = 0; i < 60 && again.socket->is_open(); ++i) loop.run_for(50ms);
    EXPECT_FALSE(again.socket->is_open()) << rubbish.substr(0, 40);
  }
  EXPECT_TRUE(honest.socket->is_open());
  EXPECT_EQ(row(id).state, domain::SessionState::kRunning);
}

}  // namespace
}  // namespace oriel
