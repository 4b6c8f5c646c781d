// The display server between an agent and an init, both played by the test, as in a session container.
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "display/testing/display_session.h"
#include "display/transport/listener.h"
#include "libs/base/json.h"

namespace oriel::display {
namespace {

using namespace std::chrono_literals;
using protocol::Message;
using testing::Process;
using testing::StreamClient;
using testing::ViewerClient;
using testing::XClient;
using testing::XServerProcess;

// The agent's end of one control connection.
class Agent {
 public:
  explicit Agent(std::string const& path) : listening_(*listen_on_path(path)) {}

  void accept() {
    pollfd waits{listening_.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&waits, 1, 3000), 1);
    socket_ = FileDescriptor(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    input_.clear();
  }

  void send(json::Object const& message, int descriptor = -1) {
    std::string const text = json::text(message);
    std::string bytes(4, '\0');
    for (std::size_t index = 0; index < 4; ++index)
      bytes[index] = static_cast<char>(text.size() >> (8 * index));
    bytes += text;
    iovec piece{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (descriptor >= 0) {
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      auto* const rights = CMSG_FIRSTHDR(&header);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    }
    ASSERT_EQ(sendmsg(socket_.get(), &header, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  // The next message; empty after three seconds.
  json::Object next() {
    for (;;) {
      if (input_.size() >= 4) {
        std::uint32_t length = 0;
        std::memcpy(&length, input_.data(), 4);
        if (input_.size() >= 4 + length) {
          auto value = json::parse(std::string_view(input_).substr(4, length));
          input_.erase(0, 4 + length);
          return value ? value->get_object() : json::Object();
        }
      }
      pollfd waits{socket_.get(), POLLIN, 0};
      std::array<char, 4096> bytes;
      if (::poll(&waits, 1, 3000) != 1) return {};
      auto const got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (got <= 0) return {};
      input_.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

  // The next message of a type; others are passed over.
  json::Object next(std::string_view type) {
    for (;;) {
      auto message = next();
      if (message.empty() || message["type"].as_string() == type) return message;
    }
  }

  void hang_up() { socket_.reset(); }

 private:
  FileDescriptor listening_;
  FileDescriptor socket_;
  std::string input_;
};

class Control : public ::testing::Test {
 protected:
  void SetUp() override {
    x_server_ = XServerProcess::start(XServerProcess::Kind::kXorg, {1280, 800});
    if (!x_server_) GTEST_SKIP() << "no Xorg with the dummy driver here";
    std::string pattern = (std::filesystem::temp_directory_path() / "oriel-c-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    agent_ = std::make_unique<Agent>(directory_ + "/control.sock");
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    init_ = FileDescriptor(ends[0]);
    display_ = std::make_unique<Process>(
        std::vector<std::string>{ORIEL_DISPLAY_BINARY, "--control", directory_ + "/control.sock", "--init-fd",
                                 std::to_string(ends[1])},
        std::vector<int>{ends[1]});
    close(ends[1]);
  }

  void TearDown() override {
    display_.reset();
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }

  void tell_display(json::Object const& message) {
    std::string const text = json::text(message);
    ASSERT_EQ(::send(init_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  json::Object from_display() {
    pollfd waits{init_.get(), POLLIN, 0};
    if (::poll(&waits, 1, 3000) != 1) return {};
    std::string text(65536, '\0');
    auto const got = recv(init_.get(), text.data(), text.size(), 0);
    auto value =
        json::parse(std::string_view(text).substr(0, static_cast<std::size_t>(std::max<ssize_t>(0, got))));
    return value ? value->get_object() : json::Object();
  }

  static json::Object begin() {
    return {{"type", "begin"},        {"session", "00"},
            {"name", "Test"},         {"locale", "fr_FR.UTF-8"},
            {"width", 1000},          {"height", 700},
            {"wallpaper", "default"}, {"clipboard_in", false},
            {"clipboard_out", true},  {"environment", {{"A", "b"}}}};
  }

  json::Object x_message() const {
    return {{"type", "x"},
            {"display", x_server_->display()},
            {"authority", ""},
            {"manifest", {{"ready", "window"}}}};
  }

  // Agent, X server and a socket for viewers, up to the step `application`.
  void bring_up() {
    agent_->accept();
    EXPECT_EQ(agent_->next()["type"], "hello");
    agent_->send(begin());
    auto listening = listen_on_path(directory_ + "/viewers.sock");
    ASSERT_TRUE(listening);
    agent_->send({{"type", "listen"}}, listening->get());
    tell_display(x_message());
    EXPECT_EQ(from_display()["type"], "begin");
  }

  std::unique_ptr<ViewerClient> view(StreamClient::Credentials const& credentials = {}) {
    auto viewer = ViewerClient::open(directory_ + "/viewers.sock", credentials);
    if (!viewer) throw std::runtime_error(viewer.error().message);
    return std::move(*viewer);
  }

  std::unique_ptr<XServerProcess> x_server_;
  std::string directory_;
  std::unique_ptr<Agent> agent_;
  FileDescriptor init_;
  std::unique_ptr<Process> display_;
};

TEST_F(Control, BringsASessionUp) {
  agent_->accept();
  auto const hello = agent_->next();
  EXPECT_EQ(hello.at("type"), "hello");
  EXPECT_EQ(hello.at("protocol"), 1);
  agent_->send(begin());
  tell_display(x_message());
  // Size and wallpaper first, then init starts the application with what the agent wrote.
  auto const forwarded = from_display();
  ASSERT_FALSE(forwarded.empty());
  EXPECT_EQ(forwarded.at("locale"), "fr_FR.UTF-8");
  EXPECT_EQ(forwarded.at("environment").as_object().at("A"), "b");
  XClient client(x_server_->display());
  Size size;
  (void)client.screenshot(size);
  EXPECT_EQ(size, (Size{1000, 700}));

  std::vector<std::string> steps;
  for (;;) {
    auto const state = agent_->next("state");
    ASSERT_FALSE(state.empty());
    steps.emplace_back(std::string_view(state.at("step").as_string()));
    if (steps.back() == "application") break;
  }
  EXPECT_EQ(steps.front(), "x");
  auto const window = client.make_window({10, 10, 300, 200});
  client.noise(window, {0, 0, 300, 200}, 1);
  for (;;) {
    auto const state = agent_->next("state");
    ASSERT_FALSE(state.empty());
    if (state.at("state") == "running") {
      EXPECT_EQ(state.at("step"), "ready");
      break;
    }
  }
}

TEST_F(Control, ServesViewersOnTheAgentsSocket) {
  bring_up();
  auto viewer = view();
  ASSERT_TRUE(viewer->next_frame(3s));
  EXPECT_EQ(viewer->decoder().width(), 1000U);
  for (;;) {
    auto const viewers = agent_->next("viewers");
    ASSERT_FALSE(viewers.empty());
    if (viewers.at("count") == 1) break;
  }
  // begin says: nothing in, text out.
  StreamClient::Credentials in;
  in.permissions = "clipboard-in";
  EXPECT_FALSE(StreamClient::open(directory_ + "/viewers.sock", "clipboard", in));
  StreamClient::Credentials out;
  out.permissions = "clipboard-out";
  EXPECT_TRUE(StreamClient::open(directory_ + "/viewers.sock", "clipboard", out));

  // A new socket replaces the old one; who is connected stays.
  auto listening = listen_on_path(directory_ + "/other.sock");
  agent_->send({{"type", "listen"}}, listening->get());
  std::this_thread::sleep_for(100ms);
  StreamClient::Credentials second;
  second.viewer[0] = 'f';
  EXPECT_TRUE(StreamClient::open(directory_ + "/other.sock", "display", second));
  viewer->stream().send(Message::kPing, {1, 2, 3, 4});
  (void)viewer->settle(100ms);
  EXPECT_TRUE(viewer->last().contains(static_cast<std::uint8_t>(Message::kPong)));
}

TEST_F(Control, ClosesViewersWhenTold) {
  bring_up();
  StreamClient::Credentials second;
  second.viewer[0] = 'f';
  auto one = view();
  auto two = view(second);
  ASSERT_TRUE(one->settle(200ms));
  agent_->send({{"type", "close_viewer"}, {"viewers", {second.viewer}}, {"reason", "revoked"}});
  EXPECT_FALSE(two->settle(500ms));
  EXPECT_EQ(two->stream().close_code(), 4002);
  EXPECT_EQ(two->stream().close_reason(), "revoked");
  EXPECT_TRUE(one->settle(100ms));

  // By the right by which they came: every stream of it, and nobody else's.
  StreamClient::Credentials third;
  third.viewer[0] = 'e';
  third.grant = std::string(32, '7');
  auto three = view(third);
  auto const input = StreamClient::open(directory_ + "/viewers.sock", "input", third);
  ASSERT_TRUE(input);
  agent_->send({{"type", "close_viewer"}, {"viewers", {std::string(32, '8'), ""}}, {"reason", "revoked"}});
  EXPECT_TRUE(three->settle(100ms));
  agent_->send(
      {{"type", "close_viewer"}, {"viewers", {std::string(32, '8'), third.grant}}, {"reason", "revoked"}});
  EXPECT_FALSE(three->settle(500ms));
  EXPECT_EQ(three->stream().close_code(), 4002);
  while ((*input)->next(500ms)) {
  }
  EXPECT_EQ((*input)->close_code(), 4002);
  EXPECT_TRUE(one->settle(100ms));

  agent_->send({{"type", "end"}, {"reason", "the owner ended it"}});
  EXPECT_FALSE(one->settle(500ms));
  EXPECT_EQ(one->stream().close_code(), 4001);
  auto const state = std::string(as_text(one->last().at(static_cast<std::uint8_t>(Message::kState))));
  EXPECT_NE(state.find("ended"), std::string::npos);
  EXPECT_NE(state.find("the owner ended it"), std::string::npos);
  EXPECT_FALSE(ViewerClient::open(directory_ + "/viewers.sock"));
}

TEST_F(Control, ComesBackAfterTheAgentWasAway) {
  bring_up();
  auto viewer = view();
  ASSERT_TRUE(viewer->settle(200ms));
  agent_->hang_up();
  agent_->accept();
  EXPECT_EQ(agent_->next().at("type"), "hello");
  EXPECT_EQ(agent_->next().at("type"), "state");
  agent_->send(begin());
  XClient client(x_server_->display());
  auto const window = client.make_window({10, 10, 300, 200});
  client.noise(window, {0, 0, 300, 200}, 1);
  EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);  // The stream lived on.
  pollfd waits{init_.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&waits, 1, 200), 0);  // The begin is not forwarded a second time.
}

TEST_F(Control, SurvivesANewXServer) {
  bring_up();
  auto viewer = view();
  {
    XClient client(x_server_->display());
    auto const window = client.make_window({10, 10, 300, 200});
    client.noise(window, {0, 0, 300, 200}, 1);
    ASSERT_EQ(testing::difference_after_settling(*viewer, client), 0U);
  }
  x_server_->process().end(SIGKILL);
  std::this_thread::sleep_for(100ms);
  x_server_ = XServerProcess::start(XServerProcess::Kind::kXorg, {900, 600});
  ASSERT_TRUE(x_server_);
  tell_display(x_message());
  EXPECT_EQ(from_display()["type"], "begin");
  XClient client(x_server_->display());
  auto const window = client.make_window({10, 10, 300, 200});
  client.noise(window, {0, 0, 300, 200}, 2);
  for (int tries = 0; tries < 20 && viewer->decoder().width() != 900; ++tries)
    ASSERT_TRUE(viewer->settle(100ms));
  EXPECT_EQ(testing::difference_after_settling(*viewer, client), 0U);
}

TEST_F(Control, EndsWhenInitGoes) {
  bring_up();
  init_.reset();
  siginfo_t information{};
  for (int tries = 0; tries < 100 && information.si_pid == 0; ++tries) {
    std::this_thread::sleep_for(20ms);
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(display_->pid()), &information, WEXITED | WNOHANG | WNOWAIT),
              0);
  }
  EXPECT_EQ(information.si_pid, display_->pid());
  EXPECT_EQ(information.si_status, 0);
}

}  // namespace
}  // namespace oriel::display
