#include "services/agent/images.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"
#include "services/agent/testing/fake_broker.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::agent;
using namespace std::chrono_literals;

class ImagesTest : public ::testing::Test {
 protected:
  ImagesTest() : endpoint(Endpoint::unix_path(directory.file("broker.sock"))) {
    broker = std::make_unique<testing::FakeBroker>(loop.executor(), endpoint.path, engine);
    client = std::make_unique<BrokerClient>(loop.executor(), endpoint);
    images = std::make_unique<Images>(loop.executor(), *client, clock);
  }
  ~ImagesTest() override {
    loop.run(images->stop());
    loop.run(broker->stop());
  }
  static wire::DesiredImage wish(std::string reference, bool enabled = true) {
    wire::DesiredImage image;
    image.reference = std::move(reference);
    image.enabled = enabled;
    return image;
  }
  std::string state_of(std::string const& reference) const {
    for (auto const& image : images->inventory().images) {
      if (image.reference == reference) return image.state;
    }
    return "unknown";
  }

  oriel::testing::TemporaryDirectory directory;
  oriel::testing::Loop loop;
  SystemClock clock;
  Endpoint endpoint;
  testing::FakeBroker::Engine engine;
  std::unique_ptr<testing::FakeBroker> broker;
  std::unique_ptr<BrokerClient> client;
  std::unique_ptr<Images> images;
};

TEST_F(ImagesTest, WhatIsWantedAndAbsentIsPulledTwoAtOnceAndOnceEach) {
  broker->set_pull_delay(100ms);
  images->apply({wish("a:1"), wish("b:1"), wish("c:1"), wish("a:1"), wish("built:1", false)});
  images->start();
  loop.until([&] { return state_of("a:1") == "pulling"; });
  images->apply({wish("a:1"), wish("b:1"), wish("c:1"), wish("built:1", false)});
  loop.until([&] {
    return state_of("a:1") == "present" && state_of("b:1") == "present" && state_of("c:1") == "present";
  });
  EXPECT_EQ(engine.pulls, 3);
  EXPECT_EQ(engine.most_pulls_at_once, 2);
  EXPECT_EQ(state_of("built:1"), "absent");
}

TEST_F(ImagesTest, AFailedPullSaysWhyAndWaits) {
  images->apply({wish("broken:1")});
  images->start();
  loop.until([&] { return state_of("broken:1") == "failed"; });
  loop.run_for(300ms);
  EXPECT_EQ(engine.pulls, 1);
  auto const inventory = images->inventory();
  ASSERT_EQ(inventory.images.size(), 1U);
  EXPECT_NE(inventory.images[0].message.find("manifest unknown"), std::string::npos);
  // A new wish is a new chance.
  images->apply({wish("broken:1")});
  loop.until([&] { return engine.pulls == 2; });
}

TEST_F(ImagesTest, TheInventoryNamesOurImagesAndNobodyElses) {
  protocol::broker::Image ours;
  ours.references = {"oriel/firefox:1"};
  ours.id = "sha256:f";
  ours.size_bytes = 7;
  ours.manifest = {{"contract", "oriel/1"}};
  protocol::broker::Image foreign;
  foreign.references = {"postgres:15"};
  foreign.id = "sha256:p";
  engine.images = {ours, foreign};
  images->start();
  loop.until([&] { return images->listed() && images->inventory().images.size() == 1; });
  auto const inventory = images->inventory();
  EXPECT_EQ(inventory.images[0].reference, "oriel/firefox:1");
  EXPECT_EQ(inventory.images[0].state, "present");
  EXPECT_EQ(inventory.networks.size(), 2U);
  EXPECT_EQ(images->host().cores, 8);
}

}  // namespace
}  // namespace oriel::agent
