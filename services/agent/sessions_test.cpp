#include "services/agent/sessions.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"
#include "services/agent/testing/fake_broker.h"
#include "services/agent/testing/fake_display.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::agent;
using namespace std::chrono_literals;

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() {
    options.state_directory = directory.file("agent");
    options.control_directory = directory.file("ctl");
    options.public_directory = directory.file("pub");
    for (auto const& path : {options.state_directory, options.control_directory, options.public_directory}) {
      std::filesystem::create_directories(path);
    }
    options.display_user = ::getuid();
    options.display_group.reset();
    options.edge_group.reset();
    options.broker = Endpoint::unix_path(directory.file("broker.sock"));
    engine.control_directory = options.control_directory;
    protocol::broker::Image image;
    image.references = {"oriel/test:1"};
    image.id = "sha256:test";
    engine.images.push_back(image);
    engine.on_start = [this](std::string const& started) {
      if (!with_display || display) return;
      display = std::make_unique<testing::FakeDisplay>(
          loop.executor(), options.control_directory + "/" + started + "/control.sock", started);
      if (!display_state.empty()) display->say(display_state, "ready");
    };
    start_broker();
    start_agent();
  }

  ~SessionsTest() override {
    stop_agent();
    stop_display();
    stop_broker();
  }

  void start_broker() {
    broker = std::make_unique<testing::FakeBroker>(loop.executor(), options.broker.path, engine);
  }
  void stop_broker() {
    if (broker) loop.run(broker->stop());
    broker.reset();
  }
  void make_agent() {
    client = std::make_unique<BrokerClient>(loop.executor(), options.broker);
    sessions = std::make_unique<Sessions>(loop.executor(), options, *client, clock);
  }
  void start_agent() {
    make_agent();
    sessions->start();
    loop.until([&] { return !broker || sessions->broker_answers(); });
  }
  void stop_agent() {
    if (sessions) loop.run(sessions->stop());
    sessions.reset();
    client.reset();
  }
  void stop_display() {
    if (display) loop.run(display->stop());
    display.reset();
  }

  wire::DesiredSession wish(std::string desired, std::int64_t generation = 1) const {
    wire::DesiredSession session;
    session.id = id;
    session.attempt = 1;
    session.generation = generation;
    session.desired = std::move(desired);
    session.image_reference = "oriel/test:1";
    session.image_id = "sha256:test";
    session.memory_bytes = std::int64_t{2} << 30;
    session.begin.name = "Test";
    session.begin.locale = "fr_FR.UTF-8";
    return session;
  }
  void want(wire::DesiredSession session, bool full = false) {
    wire::Desired message;
    message.full = full;
    message.sessions.push_back(std::move(session));
    sessions->apply(message);
  }
  wire::ObservedSession seen() const {
    for (auto& session : sessions->observed()) {
      if (session.id == id) return session;
    }
    wire::ObservedSession none;
    none.state = "unknown";
    return none;
  }
  void until_state(std::string const& state, std::chrono::milliseconds limit = 10s) {
    try {
      loop.until([&] { return seen().state == state; }, limit);
    } catch (std::exception const&) {
      FAIL() << "wanted " << state << ", is " << seen().state << " at " << seen().step << ": "
             << seen().reason.value_or("no reason");
    }
  }

  oriel::testing::TemporaryDirectory directory;
  oriel::testing::Loop loop;
  SystemClock clock;
  Options options;
  testing::FakeBroker::Engine engine;
  bool with_display = true;
  std::string display_state = "running";
  std::unique_ptr<testing::FakeBroker> broker;
  std::unique_ptr<testing::FakeDisplay> display;
  std::unique_ptr<BrokerClient> client;
  std::unique_ptr<Sessions> sessions;
  SessionId id = SessionId::random();
};

TEST_F(SessionsTest, ASessionStartsRunsAndEnds) {
  want(wish("running"), true);
  until_state("running");
  // The display server may be faster than the broker's answer.
  loop.until([&] { return seen().container_id.has_value(); });
  auto const running = seen();
  EXPECT_EQ(running.attempt, 1);
  EXPECT_EQ(running.progress, 100);
  EXPECT_EQ(running.protocol, 1);
  EXPECT_EQ(running.runtime, "newest-runtime");
  EXPECT_EQ(engine.wishes.at(0).image, "sha256:test");
  EXPECT_EQ(engine.control_calls, 1);
  loop.until([&] { return display->begins().size() == 1; });
  EXPECT_EQ(display->begins()[0].locale, "fr_FR.UTF-8");

  auto ending = wish("ended", 2);
  ending.end_reason = "keepalive_expired";
  want(ending);
  until_state("gone");
  EXPECT_EQ(display->end_reason(), "keepalive_expired");
  EXPECT_TRUE(engine.containers.empty());
  EXPECT_TRUE(std::filesystem::is_empty(options.control_directory));
  EXPECT_TRUE(std::filesystem::is_empty(options.public_directory));

  // Told twice is told once, and what is gone is forgotten only when the manager says so.
  want(ending);
  loop.run_for(50ms);
  EXPECT_EQ(seen().state, "gone");
  wire::Desired removed;
  removed.removed_sessions.push_back(id);
  sessions->apply(removed);
  loop.run_for(50ms);
  EXPECT_EQ(seen().state, "unknown");
}

TEST_F(SessionsTest, WishesThatAreOlderAreRefused) {
  want(wish("running", 5));
  until_state("running");
  want(wish("ended", 4));
  loop.run_for(100ms);
  EXPECT_EQ(seen().state, "running");
  auto older = wish("ended", 9);
  older.attempt = 0;
  want(older);
  loop.run_for(100ms);
  EXPECT_EQ(seen().state, "running");
}

TEST_F(SessionsTest, AContainerThatDiesFailsItsSessionWithReasonAndLog) {
  want(wish("running"));
  until_state("running");
  auto const before = std::chrono::steady_clock::now();
  broker->die(id.text(), 139, false);
  until_state("failed");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_EQ(seen().reason_code, "container_exited");
  EXPECT_NE(seen().reason->find("139"), std::string::npos);
  EXPECT_EQ(seen().log_tail, engine.log);
  // Nothing is started again by itself.
  EXPECT_EQ(engine.creates, 1);
  EXPECT_EQ(engine.containers.size(), 1U);
  want(wish("ended", 2));
  until_state("gone");
  EXPECT_TRUE(engine.containers.empty());
}

TEST_F(SessionsTest, ADeathThatNobodyToldIsFoundByTheList) {
  want(wish("running"));
  until_state("running");
  stop_broker();
  engine.containers.at(id.text()).state = "exited";
  engine.containers.at(id.text()).exit_code = 137;
  engine.containers.at(id.text()).oom_killed = true;
  loop.run_for(300ms);
  EXPECT_EQ(seen().state, "running");  // an absent broker is no evidence
  start_broker();
  until_state("failed");
  EXPECT_EQ(seen().reason_code, "out_of_memory");
  EXPECT_NE(seen().reason->find("2.0 GiB"), std::string::npos) << *seen().reason;
}

TEST_F(SessionsTest, AContainerRemovedByHandIsLostAndNotMadeAnew) {
  want(wish("running"));
  until_state("running");
  broker->vanish(id.text(), true);
  until_state("failed");
  EXPECT_EQ(seen().reason_code, "container_lost");
  EXPECT_EQ(engine.creates, 1);
}

TEST_F(SessionsTest, AContainerRemovedWhileTheAgentWasAwayIsLostAndNotMadeAnew) {
  want(wish("running"));
  until_state("running");
  stop_agent();
  broker->vanish(id.text(), false);
  start_agent();
  want(wish("running"), true);
  until_state("failed");
  EXPECT_EQ(seen().reason_code, "container_lost");
  EXPECT_EQ(engine.creates, 1);
}

TEST_F(SessionsTest, AContainerThatDiedWhileTheAgentWasAwayIsNotStartedAnew) {
  want(wish("running"));
  until_state("running");
  stop_agent();
  broker->die(id.text(), 1, false, false);
  start_agent();
  want(wish("running"), true);
  until_state("failed");
  EXPECT_EQ(seen().reason_code, "container_exited");
  EXPECT_EQ(engine.containers.at(id.text()).state, "exited");
}

TEST_F(SessionsTest, ARestartedAgentFindsItsSessionsBeforeTheManagerSpeaks) {
  want(wish("running"));
  until_state("running");
  auto viewer =
      loop.run(ControlSocket::connect(loop.executor(), options.public_directory + "/" + id.text() + ".sock"));
  ASSERT_TRUE(viewer);
  loop.until([&] { return display->streams() == 1; });
  stop_agent();
  start_agent();
  until_state("running");
  EXPECT_EQ(display->streams(), 1U);
  EXPECT_EQ(display->hellos(), 2);
  auto another =
      loop.run(ControlSocket::connect(loop.executor(), options.public_directory + "/" + id.text() + ".sock"));
  EXPECT_TRUE(another);
  EXPECT_EQ(engine.creates, 1);
  EXPECT_EQ(engine.control_calls, 1);  // the directory that the container holds is listened in again

  // The manager's list may name it, or forget it: only `ended` ends it.
  wire::Desired nothing;
  nothing.full = true;
  sessions->apply(nothing);
  loop.run_for(100ms);
  EXPECT_EQ(seen().state, "running");
  want(wish("ended", 2));
  until_state("gone");
}

TEST_F(SessionsTest, AStartOutlivesABrokerThatIsAway) {
  stop_broker();
  want(wish("running"));
  loop.run_for(400ms);
  EXPECT_EQ(seen().state, "creating");
  start_broker();
  until_state("running");
  EXPECT_EQ(engine.creates, 1);
}

TEST_F(SessionsTest, AnEndGoesOnUntilTheBrokerIsBack) {
  want(wish("running"));
  until_state("running");
  broker->refuse_with(Code::kUnavailable);
  want(wish("ended", 2));
  loop.run_for(400ms);
  EXPECT_EQ(seen().state, "ending");
  broker->refuse_with({});
  until_state("gone");
}

TEST_F(SessionsTest, ASilentDisplayServerFailsTheStartInTimeAndSaysHowFarItCame) {
  with_display = false;
  auto session = wish("running");
  session.start_deadline_seconds = 1;
  want(session);
  until_state("failed", 4s);
  EXPECT_EQ(seen().reason_code, "start_timeout");
  EXPECT_NE(seen().reason->find("waiting for the display server"), std::string::npos) << *seen().reason;
  EXPECT_EQ(seen().log_tail, engine.log);
}

TEST_F(SessionsTest, StepsOfTheDisplayServerAreSeenInOrder) {
  display_state.clear();
  want(wish("running"));
  loop.until([&] { return display && display->listens() == 1; });
  display->say("starting", "application");
  loop.until([&] { return seen().step == "application"; });
  display->say("starting", "x");  // no way back
  display->say("starting", "nonsense");
  loop.run_for(50ms);
  EXPECT_EQ(seen().step, "application");
  EXPECT_EQ(seen().progress, 75);
  display->say("running", "ready");
  until_state("running");
  display->say("starting", "x");
  display->say_viewers(3, 1.0);
  loop.until([&] { return seen().viewers == 3; });
  EXPECT_EQ(seen().state, "running");
  EXPECT_TRUE(seen().last_input_at);
}

TEST_F(SessionsTest, AnImageThatIsNotHereAndARefusalFailAtOnce) {
  auto session = wish("running");
  session.image_id = "sha256:elsewhere";
  want(session);
  until_state("failed");
  EXPECT_EQ(seen().reason_code, "image_missing");

  id = SessionId::random();
  broker->refuse_with(Code::kForbidden);
  want(wish("running"));
  until_state("failed");
  EXPECT_EQ(seen().reason_code, "start_refused");

  id = SessionId::random();
  broker->refuse_with(Code::kNoCapacity);
  want(wish("running"));
  until_state("failed", 2s);
  EXPECT_TRUE(seen().reason->starts_with("The server has no room for another session: ")) << *seen().reason;
}

TEST_F(SessionsTest, AnEndDuringTheCreateLeavesNothing) {
  broker->set_create_delay(200ms);
  want(wish("running"));
  loop.run_for(50ms);
  want(wish("ended", 2));
  until_state("gone");
  EXPECT_TRUE(engine.containers.empty());
}

TEST_F(SessionsTest, ANewerAttemptReplacesAnOlderContainer) {
  want(wish("running"));
  until_state("running");
  want(wish("ended", 2));
  until_state("gone");
  protocol::broker::SessionContainer old;
  old.session = id.text();
  old.attempt = 1;
  old.state = "running";
  engine.containers.emplace(id.text(), old);
  wire::Desired removed;
  removed.removed_sessions.push_back(id);
  sessions->apply(removed);
  auto second = wish("running", 7);
  second.attempt = 2;
  want(second);
  loop.until(
      [&] { return engine.containers.contains(id.text()) && engine.containers.at(id.text()).attempt == 2; });
  EXPECT_EQ(seen().attempt, 2);
  // The older one's directory went with it: the newer session is reached in a new one.
  EXPECT_EQ(engine.control_calls, 3);
  EXPECT_TRUE(std::filesystem::is_socket(options.control_directory + "/" + id.text() + "/control.sock"));
}

TEST_F(SessionsTest, TheAgentMakesAndRemovesNoControlDirectoryItself) {
  stop_broker();
  want(wish("running"));
  loop.run_for(300ms);
  EXPECT_TRUE(std::filesystem::is_empty(options.control_directory));
  start_broker();
  until_state("running");
  broker->refuse_with(Code::kUnavailable);
  want(wish("ended", 2));
  loop.run_for(300ms);
  EXPECT_TRUE(std::filesystem::exists(options.control_directory + "/" + id.text()));
  broker->refuse_with({});
  until_state("gone");
  EXPECT_TRUE(std::filesystem::is_empty(options.control_directory));
}

TEST_F(SessionsTest, ViewersAreClosedThroughTheDisplayServer) {
  want(wish("running"));
  until_state("running");
  wire::CloseViewer close;
  close.viewers = {"0123"};
  close.reason = "disabled";
  sessions->close_viewer(close);
  loop.until([&] { return display->closed_viewers().size() == 1; });
  EXPECT_EQ(display->closed_viewers()[0].viewers, close.viewers);
  close.session = SessionId::random();
  sessions->close_viewer(close);
  close.session = id;
  close.viewers = {"4567"};
  sessions->close_viewer(close);
  loop.until([&] { return display->closed_viewers().size() == 2; });
  EXPECT_EQ(display->closed_viewers()[1].viewers, close.viewers);
}

TEST_F(SessionsTest, ViewersRevokedBeforeARestartedAgentKnowsTheContainerAreClosed) {
  want(wish("running"));
  until_state("running");
  stop_agent();
  make_agent();
  want(wish("running"));  // the manager is faster than the broker's list
  wire::CloseViewer close;
  close.viewers = {"0123"};
  close.reason = "disabled";
  sessions->close_viewer(close);
  sessions->start();
  loop.until([&] { return display->closed_viewers().size() == 1; });
  EXPECT_EQ(display->closed_viewers()[0].viewers, close.viewers);
}

TEST_F(SessionsTest, UsageOfRunningSessionsIsSampled) {
  want(wish("running"));
  until_state("running");
  loop.until([&] { return seen().memory_bytes == 123456789; }, 8s);
  EXPECT_EQ(seen().cpu, 0.5);
}

}  // namespace
}  // namespace oriel::agent
