#include "services/agent/control_server.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/async/sleep.h"
#include "libs/base/json.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"
#include "services/agent/testing/fake_display.h"

namespace oriel::agent {
namespace {

using namespace std::chrono_literals;

class ControlServerTest : public ::testing::Test {
 protected:
  ControlServerTest() {
    options.control_directory = directory.file("ctl");
    options.public_directory = directory.file("pub");
    std::filesystem::create_directories(options.control_directory + "/" + session.text());
    std::filesystem::create_directories(options.public_directory);
    options.display_user = ::getuid();
    options.display_group.reset();
    options.edge_group.reset();
  }

  std::unique_ptr<ControlServer> open() {
    ControlServer::Events events;
    events.hello = [this](auto const&) { ++hellos; };
    events.state = [this](auto const& state) { states.push_back(state.state + "/" + state.step); };
    events.viewers = [this](auto const& viewers) { viewer_count = viewers.count; };
    events.lost = [this] { ++losses; };
    auto opened = ControlServer::open(loop.executor(), options, session, std::move(events));
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }

  std::string control_path() const {
    return options.control_directory + "/" + session.text() + "/control.sock";
  }
  std::string stream_path() const { return options.public_directory + "/" + session.text() + ".sock"; }

  std::string greeting_of_viewer(ControlSocket& viewer) {
    auto message = loop.run(viewer.receive());
    return message ? message->payload : "error: " + message.error().message;
  }

  testing::FakeDisplay& display() { return *display_; }
  void start_display() {
    display_ = std::make_unique<testing::FakeDisplay>(loop.executor(), control_path(), session.text());
  }
  void stop_display() {
    if (display_) loop.run(display_->stop());
    display_.reset();
  }

  oriel::testing::TemporaryDirectory directory;
  oriel::testing::Loop loop;
  Options options;
  SessionId session = SessionId::random();
  int hellos = 0;
  int losses = 0;
  std::int64_t viewer_count = 0;
  std::vector<std::string> states;
  std::unique_ptr<testing::FakeDisplay> display_;
};

TEST_F(ControlServerTest, AHelloIsAnsweredWithBeginAndASocketThatViewersReach) {
  auto server = open();
  protocol::agent::Begin begin;
  begin.name = "Firefox";
  begin.locale = "fr_FR.UTF-8";
  begin.environment = {{"LANGUAGE", "fr"}};
  server->set_begin(begin);
  start_display();
  display().say("starting", "x");
  loop.until([&] { return display().listens() == 1 && !states.empty(); });

  ASSERT_EQ(display().begins().size(), 1U);
  EXPECT_EQ(display().begins()[0].locale, "fr_FR.UTF-8");
  EXPECT_EQ(display().begins()[0].session, session.text());
  EXPECT_EQ(display().begins()[0].environment.at("LANGUAGE"), "fr");
  EXPECT_EQ(states.front(), "starting/x");
  struct stat info{};
  ASSERT_EQ(::stat(stream_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0660U);
  ASSERT_EQ(::stat(control_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0660U);

  auto viewer = loop.run(ControlSocket::connect(loop.executor(), stream_path()));
  ASSERT_TRUE(viewer);
  EXPECT_EQ(greeting_of_viewer(*viewer), session.text());

  display().say_viewers(1, 0.5);
  loop.until([&] { return viewer_count == 1; });
  server->end("test");
  loop.until([&] { return display().end_reason() == "test"; });
  stop_display();
  loop.run(server->stop());
}

TEST_F(ControlServerTest, ARestartedAgentReplacesTheSocketAndOpenStreamsStay) {
  auto first = open();
  start_display();
  loop.until([&] { return display().listens() == 1; });
  auto viewer = loop.run(ControlSocket::connect(loop.executor(), stream_path()));
  ASSERT_TRUE(viewer);
  EXPECT_EQ(greeting_of_viewer(*viewer), session.text());
  struct stat directory_before{};
  ::stat((options.control_directory + "/" + session.text()).c_str(), &directory_before);

  loop.run(first->stop());
  first.reset();
  auto second = open();
  loop.until([&] { return display().listens() == 2; });
  // The container holds the directory's inode: it must be the same one.
  struct stat directory_after{};
  ::stat((options.control_directory + "/" + session.text()).c_str(), &directory_after);
  EXPECT_EQ(directory_before.st_ino, directory_after.st_ino);

  auto newcomer = loop.run(ControlSocket::connect(loop.executor(), stream_path()));
  ASSERT_TRUE(newcomer);
  EXPECT_EQ(greeting_of_viewer(*newcomer), session.text());
  EXPECT_EQ(display().streams(), 2U);
  stop_display();
  loop.run(second->stop());
}

TEST_F(ControlServerTest, ARestartedDisplayServerGetsBeginAndASocketAgain) {
  auto server = open();
  server->set_begin(protocol::agent::Begin{});
  start_display();
  loop.until([&] { return display().listens() == 1; });
  stop_display();
  loop.until([&] { return losses == 1; });
  // Nobody holds the listening socket any more: a browser is refused at once instead of waiting.
  auto refused = loop.run(ControlSocket::connect(loop.executor(), stream_path()));
  EXPECT_FALSE(refused);
  start_display();
  loop.until([&] { return display().listens() == 1; });
  EXPECT_EQ(display().begins().size(), 1U);
  auto viewer = loop.run(ControlSocket::connect(loop.executor(), stream_path()));
  EXPECT_TRUE(viewer);
  stop_display();
  loop.run(server->stop());
}

TEST_F(ControlServerTest, StrangersAndOtherSessionsGetNoSocket) {
  options.display_user = ::getuid() + 1;
  auto server = open();
  start_display();
  loop.run_for(200ms);
  EXPECT_EQ(display().listens(), 0);
  EXPECT_EQ(hellos, 0);
  stop_display();
  loop.run(server->stop());

  options.display_user = ::getuid();
  server = open();
  start_display();
  display().set_hello_session(SessionId::random().text());
  loop.run_for(200ms);
  EXPECT_EQ(display().listens(), 0);
  EXPECT_EQ(hellos, 0);
  stop_display();
  loop.run(server->stop());
}

TEST_F(ControlServerTest, AFloodOrRubbishEndsTheConnectionOnly) {
  auto server = open();
  start_display();
  loop.until([&] { return display().listens() == 1; });
  for (int i = 0; i < 1000; ++i) display().send_raw(R"({"type":"viewers","count":1})");
  loop.until([&] { return losses == 1; });
  loop.until([&] { return display().listens() == 2; });
  display().send_raw("{broken");
  loop.until([&] { return losses == 2; });
  loop.until([&] { return display().listens() == 3; });
  // What we do not know is not an offence.
  display().send_raw(R"({"type":"statistics","frames":3,"viewers":4})");
  loop.until([&] { return viewer_count == 4; });
  display().send_raw(R"({"type":"of the future"})");
  display().say("running", "ready");
  loop.until([&] { return !states.empty() && states.back() == "running/ready"; });
  EXPECT_EQ(losses, 2);
  stop_display();
  loop.run(server->stop());
}

TEST_F(ControlServerTest, WithoutTheBrokersDirectoryItDoesNotListen) {
  std::filesystem::remove(options.control_directory + "/" + session.text());
  EXPECT_FALSE(ControlServer::open(loop.executor(), options, session, {}));
  EXPECT_TRUE(std::filesystem::is_empty(options.control_directory));
}

TEST_F(ControlServerTest, TheStreamSocketIsRemovedAndSeenGone) {
  auto server = open();
  start_display();
  loop.until([&] { return display().listens() == 1; });
  stop_display();
  loop.run(server->stop());
  EXPECT_TRUE(std::filesystem::exists(stream_path()));
  EXPECT_TRUE(remove_stream_socket(options, session));
  EXPECT_FALSE(std::filesystem::exists(stream_path()));
  EXPECT_TRUE(remove_stream_socket(options, session));
}

}  // namespace
}  // namespace oriel::agent
