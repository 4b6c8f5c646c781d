// Against the daemon of this host. Everything made here carries the label oriel.instance=<kInstance> and is
// removed.
#include <algorithm>

#include <gtest/gtest.h>
#include <unistd.h>

#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/base/file.h"
#include "libs/base/text.h"
#include "libs/docker/engine.h"
#include "libs/http/client.h"
#include "libs/testing/loop.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::docker {
namespace {

using namespace std::chrono_literals;

constexpr auto kSocket = "/var/run/docker.sock";

class DaemonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto const answers = loop.run(engine.ping());
    if (!answers) GTEST_SKIP() << "no Docker daemon answers: " << answers.error();
  }
  void TearDown() override {
    auto const containers = loop.run(engine.list_containers(labels));
    if (containers) {
      for (auto const& one : *containers) (void)loop.run(engine.remove_container(one.id));
    }
    auto const networks = loop.run(engine.list_networks(labels));
    if (networks) {
      for (auto const& one : *networks) (void)loop.run(engine.remove_network(one.id));
    }
    (void)loop.run(engine.remove_image(image));
  }

  /// An image of one file, from the host's busybox.
  void import_busybox() {
    testing::TemporaryDirectory directory;
    auto const script = "mkdir -p " + directory.file("root/bin") + " && cp /bin/busybox " +
                        directory.file("root/bin/") + " && ln -s busybox " + directory.file("root/bin/sh") +
                        " && tar -C " + directory.file("root") + " -cf " + directory.file("image.tar") + " .";
    testing::run_program({"sh", "-c", script});
    http::Client client(loop.executor(), Endpoint::unix_path(kSocket));
    http::ClientRequest request{.method = "POST"};
    request.target = "/v1.41/images/create?fromSrc=-&repo=oriel-test&tag=" + instance +
                     "&changes=" + percent_encode("LABEL oriel.instance=" + instance);
    request.headers.set("Content-Type", "application/x-tar");
    request.body = read_file(directory.file("image.tar"), 16 * 1024 * 1024).value();
    auto const response = loop.run(client.send(std::move(request))).value();
    ASSERT_EQ(response.status, 200) << response.body;
    ASSERT_TRUE(response.body.find("sha256:") != std::string::npos) << response.body;
  }

  std::string create(std::string const& name, std::string const& command) {
    json::Object specification;
    specification["Image"] = image;
    specification["Cmd"] = json::Array{"/bin/sh", "-c", command};
    specification["Labels"] = json::write(labels);
    specification["HostConfig"] =
        json::parse(R"({"NetworkMode":"none","Memory":67108864,"PidsLimit":32})").value();
    return loop.run(engine.create_container(name, std::move(specification))).value();
  }

  testing::Loop loop;
  Engine engine{loop.executor(), kSocket};
  std::string const instance = "libstest" + std::to_string(::getpid());
  Labels const labels{{"oriel.instance", instance}};
  std::string const image = "oriel-test:" + instance;
};

Async<> listen(Engine& engine, Labels labels, bool& opened, std::vector<std::string>& seen) {
  std::function<void()> on_open = [&opened] { opened = true; };
  std::function<void(Event const&)> on_event = [&seen](Event const& event) { seen.push_back(event.action); };
  std::vector<std::string> types{"container"};
  auto ended =
      co_await engine.events(std::move(labels), std::move(types), std::move(on_open), std::move(on_event));
  (void)ended;
}

TEST_F(DaemonTest, AContainersLife) {
  EXPECT_FALSE(loop.run(engine.info()).value().storage_driver.empty());
  import_busybox();
  auto const found = loop.run(engine.inspect_image(image)).value();
  EXPECT_EQ(found.labels.at("oriel.instance"), instance);
  EXPECT_EQ(loop.run(engine.list_images(labels)).value().size(), 1u);

  TaskGroup tasks(loop.executor());
  bool opened = false;
  std::vector<std::string> seen;
  tasks.spawn(listen(engine, labels, opened, seen));
  loop.until([&] { return opened; });

  auto const name = instance + "-one";
  auto const id =
      create(name, "echo hello; echo oops >&2; trap 'exit 7' TERM; while :; do busybox sleep 0.05; done");
  json::Object again;
  again["Image"] = image;
  again["Cmd"] = json::Array{"/bin/sh"};
  EXPECT_EQ(loop.run(engine.create_container(name, std::move(again))).error().code, Code::kConflict);
  ASSERT_TRUE(loop.run(engine.start_container(id)).has_value());
  ASSERT_TRUE(loop.run(engine.start_container(id)).has_value()) << "starting what runs is success";
  auto const running = loop.run(engine.inspect_container(name)).value();
  EXPECT_TRUE(running.state.running);
  EXPECT_GT(running.state.process, 0);
  EXPECT_EQ(running.image_id, found.id);
  loop.until([&] { return loop.run(engine.logs(id, 10)).value().find("oops") != std::string::npos; });
  EXPECT_NE(loop.run(engine.logs(id, 10)).value().find("hello\n"), std::string::npos);
  auto const usage = loop.run(engine.usage(id)).value();
  EXPECT_GT(usage.memory_bytes, 0);
  EXPECT_EQ(usage.memory_limit_bytes, 67108864);
  EXPECT_GE(usage.processes, 1);
  ASSERT_TRUE(loop.run(engine.pause_container(id)).has_value());
  EXPECT_TRUE(loop.run(engine.inspect_container(id)).value().state.paused);
  ASSERT_TRUE(loop.run(engine.unpause_container(id)).has_value());
  EXPECT_EQ(loop.run(engine.list_containers(labels)).value().size(), 1u);

  ASSERT_TRUE(loop.run(engine.stop_container(id, 5s)).has_value());
  EXPECT_EQ(loop.run(engine.wait_container(id)).value(), 7);
  ASSERT_TRUE(loop.run(engine.remove_container(id)).has_value());
  ASSERT_TRUE(loop.run(engine.remove_container(id)).has_value()) << "removing what is gone is success";
  EXPECT_EQ(loop.run(engine.inspect_container(id)).error().code, Code::kNotFound);
  loop.until([&] { return std::ranges::find(seen, "destroy") != seen.end(); });
  EXPECT_NE(std::ranges::find(seen, "die"), seen.end());
  loop.run(tasks.stop());
}

TEST_F(DaemonTest, WaitResumesWhenTheContainerEnds) {
  import_busybox();
  auto const id = create(instance + "-two", "busybox sleep 0.3; exit 3");
  ASSERT_TRUE(loop.run(engine.start_container(id)).has_value());
  EXPECT_EQ(loop.run(engine.wait_container(id)).value(), 3);
}

TEST_F(DaemonTest, NetworksAreMadeOnceAndFoundByLabel) {
  json::Object specification;
  specification["Name"] = instance;
  specification["Driver"] = "bridge";
  specification["Labels"] = json::write(labels);
  specification["Internal"] = true;
  specification["IPAM"] = json::parse(R"({"Config":[{"Subnet":"10.213.254.0/24"}]})").value();
  auto const id = loop.run(engine.create_network(specification));
  if (!id && id.error().message.find("bridge") != std::string::npos) GTEST_SKIP() << id.error();
  ASSERT_TRUE(id.has_value()) << id.error();
  EXPECT_EQ(loop.run(engine.create_network(specification)).error().code, Code::kConflict);
  auto const networks = loop.run(engine.list_networks(labels)).value();
  ASSERT_EQ(networks.size(), 1u);
  EXPECT_EQ(networks[0].subnet, "10.213.254.0/24");
  EXPECT_EQ(loop.run(engine.inspect_network(instance)).value().id, *id);
  ASSERT_TRUE(loop.run(engine.remove_network(*id)).has_value());
  ASSERT_TRUE(loop.run(engine.remove_network(*id)).has_value());
}

TEST_F(DaemonTest, APullFromNowhereFailsWithAReason) {
  auto const pulled = loop.run(engine.pull_image("127.0.0.1:1/absent:latest", std::nullopt, {}));
  ASSERT_FALSE(pulled.has_value());
  EXPECT_EQ(pulled.error().code, Code::kUnavailable) << pulled.error();
  EXPECT_TRUE(pulled.error().message.starts_with("pull 127.0.0.1:1/absent:latest: ")) << pulled.error();
}

}  // namespace
}  // namespace oriel::docker
