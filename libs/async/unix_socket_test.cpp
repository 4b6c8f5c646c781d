#include "libs/async/unix_socket.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"

namespace oriel {
namespace {

using namespace std::chrono_literals;

class ControlSocketTest : public ::testing::Test {
 protected:
  ControlListener listen(UnixListenOptions options = {}) {
    return ControlListener(loop.executor(), listen_unix(path, options).value());
  }

  testing::Loop loop;
  testing::TemporaryDirectory directory;
  std::string const path = directory.file("control.sock");
};

TEST_F(ControlSocketTest, TextAndDescriptorsArriveWhole) {
  auto listener = listen();
  auto client = loop.run(ControlSocket::connect(loop.executor(), path)).value();
  auto server = loop.run(listener.accept()).value();

  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ControlMessage message{.payload = R"({"type":"listen"})"};
  message.descriptors.emplace_back(ends[1]);
  ASSERT_TRUE(loop.run(client.send(std::move(message))).has_value());
  auto received = loop.run(server.receive()).value();
  EXPECT_EQ(received.payload, R"({"type":"listen"})");
  ASSERT_EQ(received.descriptors.size(), 1u);
  ASSERT_EQ(::write(received.descriptors[0].get(), "x", 1), 1);
  char byte = 0;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  ::close(ends[0]);

  EXPECT_EQ(server.peer().value().user, ::geteuid());
  EXPECT_EQ(server.peer().value().process, ::getpid());
}

TEST_F(ControlSocketTest, DescriptorsStayWithTheirMessage) {
  auto listener = listen();
  auto client = loop.run(ControlSocket::connect(loop.executor(), path)).value();
  auto server = loop.run(listener.accept()).value();
  ControlMessage first{.payload = "first"};
  ControlMessage second{.payload = "second"};
  second.descriptors.emplace_back(::dup(0));
  ASSERT_TRUE(loop.run(client.send(std::move(first))).has_value());
  ASSERT_TRUE(loop.run(client.send(std::move(second))).has_value());
  EXPECT_TRUE(loop.run(server.receive()).value().descriptors.empty());
  EXPECT_EQ(loop.run(server.receive()).value().descriptors.size(), 1u);
}

Async<> trickle(int descriptor, std::string bytes) {
  for (char const c : bytes) {
    EXPECT_EQ(::send(descriptor, &c, 1, 0), 1);
    co_await yield_now();
  }
}

TEST_F(ControlSocketTest, AMessageMayArriveByteByByte) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ControlSocket reader(loop.executor(), FileDescriptor(ends[0]));
  FileDescriptor const writer(ends[1]);
  TaskGroup group(loop.executor());
  group.spawn(trickle(writer.get(), std::string("\x05\0\0\0hello\0\0\0\0", 13)));
  EXPECT_EQ(loop.run(reader.receive()).value().payload, "hello");
  EXPECT_EQ(loop.run(reader.receive()).value().payload, "");
  loop.run(group.stop());
}

TEST_F(ControlSocketTest, TooLongAndEndOfStreamAreErrors) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ControlSocket reader(loop.executor(), FileDescriptor(ends[0]));
  {
    FileDescriptor const writer(ends[1]);
    ASSERT_EQ(::send(writer.get(), "\xff\xff\xff\x7f", 4, 0), 4);
    EXPECT_EQ(loop.run(reader.receive()).error().code, Code::kTooLarge);
  }
  EXPECT_EQ(loop.run(reader.receive()).error().code, Code::kUnavailable);
  ControlMessage message{.payload = "to nobody"};
  EXPECT_EQ(loop.run(reader.send(std::move(message))).error().code, Code::kUnavailable);
}

Async<> fill(ControlSocket& socket, int& sent) {
  for (;;) {
    ControlMessage message{.payload = std::string(60'000, 'x')};
    auto done = co_await socket.send(std::move(message));
    if (!done) co_return;
    ++sent;
  }
}

TEST_F(ControlSocketTest, ASenderWaitsForASlowReaderAndCanBeCancelled) {
  auto listener = listen();
  auto client = loop.run(ControlSocket::connect(loop.executor(), path)).value();
  auto server = loop.run(listener.accept()).value();
  TaskGroup group(loop.executor());
  int sent = 0;
  group.spawn(fill(client, sent));
  loop.run_for(50ms);
  auto const before = sent;
  EXPECT_GT(before, 0);
  // The kernel calls a unix socket writable again when most of it is free.
  for (int i = 0; i < before; ++i) EXPECT_EQ(loop.run(server.receive()).value().payload.size(), 60'000u);
  loop.until([&] { return sent > before; });
  loop.run(group.stop());
}

TEST_F(ControlSocketTest, AStaleSocketIsReplacedAndItsModeIsAsAsked) {
  {
    auto const stale = listen_unix(path);
  }
  auto listener = listen({.mode = 0620});
  struct stat present{};
  ASSERT_EQ(::stat(path.c_str(), &present), 0);
  EXPECT_EQ(present.st_mode & 0777U, 0620U);
  EXPECT_TRUE(loop.run(ControlSocket::connect(loop.executor(), path)).has_value());
}

TEST_F(ControlSocketTest, WhatIsNoSocketIsNotReplaced) {
  std::ofstream(path) << "precious";
  EXPECT_EQ(listen_unix(path).error().code, Code::kConflict);
  EXPECT_EQ(loop.run(ControlSocket::connect(loop.executor(), directory.file("absent"))).error().code,
            Code::kNotFound);
}

Async<> accept_once(ControlListener& listener, bool& ended) {
  auto socket = co_await listener.accept();
  (void)socket;
  ended = true;
}

TEST_F(ControlSocketTest, AcceptCanBeCancelled) {
  auto listener = listen();
  TaskGroup group(loop.executor());
  bool ended = false;
  group.spawn(accept_once(listener, ended));
  loop.poll();
  loop.run(group.stop());
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace oriel
