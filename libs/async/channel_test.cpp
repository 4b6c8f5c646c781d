#include "libs/async/channel.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "libs/async/task_group.h"
#include "libs/testing/loop.h"

namespace oriel {
namespace {

Async<> send_all(Channel<std::unique_ptr<int>>& channel, int count) {
  for (int i = 0; i < count; ++i) {
    auto value = std::make_unique<int>(i);
    bool const sent = co_await channel.send(std::move(value));
    EXPECT_TRUE(sent);
  }
  channel.close();
}

Async<> receive_all(Channel<std::unique_ptr<int>>& channel, std::vector<int>& got) {
  for (;;) {
    auto value = co_await channel.receive();
    if (!value) co_return;
    got.push_back(**value);
  }
}

TEST(ChannelTest, ASlowReceiverHoldsTheSender) {
  testing::Loop loop;
  Channel<std::unique_ptr<int>> channel(loop.executor(), 2);
  TaskGroup group(loop.executor());
  group.spawn(send_all(channel, 5));
  loop.poll();
  EXPECT_EQ(channel.size(), 2u);
  std::vector<int> got;
  group.spawn(receive_all(channel, got));
  loop.run(group.wait());
  EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4}));
}

Async<> receive_one(Channel<int>& channel, std::optional<int>& got, bool& ended) {
  got = co_await channel.receive();
  ended = true;
}

TEST(ChannelTest, ClosingWakesTheReceiver) {
  testing::Loop loop;
  Channel<int> channel(loop.executor(), 2);
  std::optional<int> got;
  bool ended = false;
  loop.start(receive_one(channel, got, ended));
  loop.poll();
  EXPECT_FALSE(ended);
  channel.close();
  loop.poll();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(got.has_value());
  EXPECT_FALSE(channel.try_send(1));
}

TEST(ChannelTest, FullRefusesATry) {
  testing::Loop loop;
  Channel<int> channel(loop.executor(), 1);
  EXPECT_TRUE(channel.try_send(1));
  EXPECT_FALSE(channel.try_send(2));
}

}  // namespace
}  // namespace oriel
