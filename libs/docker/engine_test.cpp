#include "libs/docker/engine.h"

#include <map>

#include <gtest/gtest.h>

#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/http/server.h"
#include "libs/testing/loop.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::docker {
namespace {

using namespace std::chrono_literals;

/// What an engine of one year says. The answers of 20.10 were recorded from Debian 12's daemon; those of the
/// modern one follow the Engine API's documents of 1.51, whose fields differ.
struct Year {
  char const* name;
  char const* version;
  char const* prefix;
  char const* inspect;
  char const* image;
  char const* stats;
  char const* volumes;
};

Year const kOld{
    "debian_12",
    R"({"Platform":{"Name":""},"Components":[{"Name":"Engine","Version":"20.10.24+dfsg1","Details":{"ApiVersion":"1.41"}}],"Version":"20.10.24+dfsg1","ApiVersion":"1.41","MinAPIVersion":"1.12","GitCommit":"5d6db84","GoVersion":"go1.19.8","Os":"linux","Arch":"amd64","KernelVersion":"6.1.0"})",
    "/v1.41",
    R"({"Id":"0be529ff7e8f","Created":"2026-11-24T19:10:01.123456789Z","Path":"sh","Args":[],"State":{"Status":"exited","Running":false,"Paused":false,"Restarting":false,"OOMKilled":true,"Dead":false,"Pid":0,"ExitCode":137,"Error":"","StartedAt":"2026-11-24T19:10:02.5Z","FinishedAt":"0001-01-01T00:00:00Z"},"Image":"sha256:133780","Name":"/oriel-session-1","RestartCount":0,"Driver":"overlay2","HostConfig":{"NetworkMode":"oriel-internet"},"Config":{"Hostname":"x","Image":"oriel/desktop:abc","Labels":{"oriel.instance":"oriel"},"Tty":false},"NetworkSettings":{"Bridge":"","IPAddress":"","MacAddress":"","Networks":{"oriel-internet":{"IPAMConfig":null,"IPAddress":"10.213.0.2","MacAddress":"02:6f:72:00:00:01"}}}})",
    R"({"Id":"sha256:133780","RepoTags":["oriel/desktop:abc"],"RepoDigests":[],"Parent":"","Comment":"","Created":"2026-11-24T19:00:00.5Z","Container":"1234","ContainerConfig":{"Labels":{"wrong":"1"}},"Config":{"User":"","Env":["PATH=/bin"],"Labels":{"oriel.manifest":"{}"}},"Architecture":"amd64","Os":"linux","Size":1090260312,"VirtualSize":1090260312})",
    R"({"read":"2026-11-24T19:20:00.25Z","preread":"0001-01-01T00:00:00Z","pids_stats":{"current":12},"num_procs":0,"cpu_stats":{"cpu_usage":{"total_usage":1500000000,"percpu_usage":[1,2]},"system_cpu_usage":1,"online_cpus":2},"memory_stats":{"usage":300000000,"max_usage":400000000,"stats":{"total_inactive_file":100000000,"inactive_file":50000000},"limit":2147483648},"networks":{"eth0":{"rx_bytes":10,"tx_bytes":20},"eth1":{"rx_bytes":1,"tx_bytes":2}}})",
    R"({"Volumes":null,"Warnings":null})"};

Year const kModern{
    "engine_28",
    R"({"Platform":{"Name":"Docker Engine - Community"},"Version":"28.3.3","ApiVersion":"1.51","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64","KernelVersion":"6.12.0","Components":[]})",
    "/v1.51",
    R"({"Id":"0be529ff7e8f","Created":"2026-11-24T19:10:01.123456789Z","State":{"Status":"exited","Running":false,"OOMKilled":true,"Dead":false,"Pid":0,"ExitCode":137,"Error":"","StartedAt":"2026-11-24T19:10:02.5Z","FinishedAt":"0001-01-01T00:00:00Z"},"Image":"sha256:133780","Name":"/oriel-session-1","RestartCount":0,"ImageManifestDescriptor":{"mediaType":"application/vnd.oci.image.manifest.v1+json"},"HostConfig":{"NetworkMode":"oriel-internet"},"Config":{"Image":"oriel/desktop:abc","Labels":{"oriel.instance":"oriel"}},"NetworkSettings":{"Networks":{"oriel-internet":{"IPAddress":"10.213.0.2","DNSNames":["x"],"MacAddress":"02:6f:72:00:00:01"}}}})",
    R"({"Id":"sha256:133780","Descriptor":{"digest":"sha256:133780"},"RepoTags":["oriel/desktop:abc"],"RepoDigests":["oriel/desktop@sha256:9"],"Comment":"","Created":"2026-11-24T19:00:00.5Z","Config":{"Env":["PATH=/bin"],"Labels":{"oriel.manifest":"{}"}},"Architecture":"amd64","Os":"linux","Size":1090260312})",
    R"({"name":"/x","id":"0b","read":"2026-11-24T19:20:00.25Z","preread":"0001-01-01T00:00:00Z","pids_stats":{"current":12,"limit":512},"cpu_stats":{"cpu_usage":{"total_usage":1500000000},"online_cpus":2},"memory_stats":{"usage":300000000,"stats":{"inactive_file":100000000},"limit":2147483648},"networks":{"eth0":{"rx_bytes":11,"tx_bytes":22}}})",
    R"({"Volumes":[],"Warnings":[]})"};

class EngineTest : public ::testing::TestWithParam<Year> {
 protected:
  EngineTest() {
    say("GET", "/version", 200, GetParam().version);
    start();
  }
  ~EngineTest() override { loop.run(server->stop()); }

  void start() {
    server = http::Server::listen(loop.executor(), {.endpoint = Endpoint::unix_path(path)},
                                  [this](http::Request request) { return answer(std::move(request)); })
                 .value();
  }
  /// What the engine answers to a call; `target` with the year's version before it.
  void say(std::string const& method, std::string const& target, int status, std::string body) {
    http::Response response{.status = status, .body = std::move(body)};
    answers[method + " " + target] = std::move(response);
  }
  void say_versioned(std::string const& method, std::string const& target, int status, std::string body) {
    say(method, GetParam().prefix + target, status, std::move(body));
  }
  Async<http::Response> answer(http::Request request) {
    auto const key = request.method + " " + request.target;
    asked.push_back(key);
    bodies.push_back(request.body);
    headers = request.headers;
    auto const found = answers.find(key);
    if (found == answers.end())
      co_return http::Response{.status = 404,
                               .body = R"({"message":"page not found: )" + request.method + R"("})"};
    co_return found->second;
  }

  testing::Loop loop;
  testing::TemporaryDirectory directory;
  std::string const path = directory.file("docker.sock");
  std::map<std::string, http::Response> answers;
  std::vector<std::string> asked, bodies;
  http::Headers headers;
  std::unique_ptr<http::Server> server;
  Engine engine{loop.executor(), path};
};

TEST_P(EngineTest, SpeaksTheNewestThatBothKnow) {
  auto const version = loop.run(engine.version()).value();
  EXPECT_EQ("/v" + version.spoken, GetParam().prefix);
  EXPECT_EQ(loop.run(engine.version()).value().engine, version.engine);
  EXPECT_EQ(asked.size(), 1u) << "asked once";
}

TEST_P(EngineTest, InspectsWhatBothYearsSay) {
  say_versioned("GET", "/containers/oriel-session-1/json", 200, GetParam().inspect);
  auto const container = loop.run(engine.inspect_container("oriel-session-1")).value();
  EXPECT_EQ(container.name, "oriel-session-1");
  EXPECT_EQ(container.image_id, "sha256:133780");
  EXPECT_EQ(container.image_reference, "oriel/desktop:abc");
  EXPECT_EQ(container.labels.at("oriel.instance"), "oriel");
  EXPECT_EQ(container.state.status, "exited");
  EXPECT_TRUE(container.state.oom_killed);
  EXPECT_EQ(container.state.exit_code, 137);
  EXPECT_TRUE(container.state.started_at.has_value());
  EXPECT_FALSE(container.state.finished_at.has_value());
  EXPECT_EQ(container.addresses.at("oriel-internet"), "10.213.0.2");
}

TEST_P(EngineTest, ImagesHaveTheLabelsOfTheirConfiguration) {
  say_versioned("GET", "/images/oriel/desktop%3Aabc/json", 200, GetParam().image);
  auto const image = loop.run(engine.inspect_image("oriel/desktop:abc")).value();
  EXPECT_EQ(image.size_bytes, 1090260312);
  EXPECT_EQ(image.labels, (Labels{{"oriel.manifest", "{}"}}));
  EXPECT_TRUE(image.created_at.has_value());
}

TEST_P(EngineTest, AContainerdThatIsAwayIsAskedAgain) {
  say_versioned("POST", "/containers/x/start", 500,
                R"({"message":"connection error: desc = \"dial unix containerd.sock\": unavailable"})");
  EXPECT_EQ(loop.run(engine.start_container("x")).error().code, Code::kUnavailable);
  say_versioned("POST", "/containers/y/start", 500, R"({"message":"no space left on device"})");
  EXPECT_EQ(loop.run(engine.start_container("y")).error().code, Code::kInternal);
}

TEST_P(EngineTest, UsageLeavesOutWhatTheKernelCanTakeBack) {
  say_versioned("GET", "/containers/x/stats?stream=false&one-shot=true", 200, GetParam().stats);
  auto const usage = loop.run(engine.usage("x")).value();
  EXPECT_EQ(usage.memory_bytes, 200'000'000);
  EXPECT_EQ(usage.cpu_seconds, 1.5);
  EXPECT_EQ(usage.processes, 12);
  EXPECT_EQ(usage.received_bytes, 11);
  EXPECT_EQ(usage.sent_bytes, 22);
}

TEST_P(EngineTest, NoVolumesIsAnEmptyList) {
  say_versioned("GET", "/volumes?filters=%7B%22label%22%3A%5B%22oriel.instance%3Dx%22%5D%7D", 200,
                GetParam().volumes);
  EXPECT_TRUE(loop.run(engine.list_volumes({{"oriel.instance", "x"}})).value().empty());
}

TEST_P(EngineTest, WhatIsAlreadySoIsSuccess) {
  say_versioned("POST", "/containers/x/start", 304, "");
  say_versioned("POST", "/containers/x/stop?t=3", 304, "");
  say_versioned("DELETE", "/containers/y?force=true&v=true", 409,
                R"({"message":"removal of container y is already in progress"})");
  EXPECT_TRUE(loop.run(engine.start_container("x")).has_value());
  EXPECT_TRUE(loop.run(engine.stop_container("x", 3s)).has_value());
  EXPECT_TRUE(loop.run(engine.remove_container("absent")).has_value());
  EXPECT_TRUE(loop.run(engine.remove_container("y")).has_value());
  EXPECT_TRUE(loop.run(engine.remove_network("absent")).has_value());
  EXPECT_EQ(loop.run(engine.start_container("absent")).error().code, Code::kNotFound);
}

TEST_P(EngineTest, ANameThatExistsIsAConflict) {
  say_versioned("POST", "/containers/create?name=x", 409,
                R"({"message":"Conflict. The container name \"/x\" is already in use"})");
  EXPECT_EQ(loop.run(engine.create_container("x", {})).error().code, Code::kConflict);
}

TEST_P(EngineTest, TheMacAddressGoesWhereTheYearWantsIt) {
  say_versioned("POST", "/containers/create?name=x", 201, R"({"Id":"abc","Warnings":[]})");
  auto const specification =
      json::parse(R"({"Image":"i","MacAddress":"02:6f:72:00:00:01","HostConfig":{"NetworkMode":"n"}})")
          .value();
  EXPECT_EQ(loop.run(engine.create_container("x", specification.get_object())).value(), "abc");
  bool const modern = std::string(GetParam().name) != "debian_12";
  EXPECT_EQ(
      bodies.back(),
      modern
          ? R"({"Image":"i","HostConfig":{"NetworkMode":"n"},"NetworkingConfig":{"EndpointsConfig":{"n":{"MacAddress":"02:6f:72:00:00:01"}}}})"
          : json::text(specification));
}

TEST_P(EngineTest, ErrorsInsideAPullsStreamAreErrors) {
  auto const target = "/images/create?fromImage=localhost%3A5000%2Foriel%2Fdesktop&tag=abc";
  say_versioned(
      "POST", target, 200,
      "{\"status\":\"Pulling from oriel/desktop\",\"id\":\"abc\"}\r\n"
      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":10,\"total\":100},\"id\":\"layer1\"}\r\n"
      "{\"errorDetail\":{\"message\":\"manifest for x not found: manifest unknown\"},\"error\":\"manifest "
      "for x not found: manifest unknown\"}\r\n");
  std::vector<PullProgress> seen;
  auto const pulled = loop.run(
      engine.pull_image("localhost:5000/oriel/desktop:abc", RegistryCredentials{"localhost:5000", "u", "p"},
                        [&](PullProgress const& progress) { seen.push_back(progress); }));
  EXPECT_EQ(pulled.error().code, Code::kNotFound);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].layer, "layer1");
  EXPECT_EQ(seen[1].total, 100);
  EXPECT_EQ(headers.get("x-registry-auth"),
            "eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAiLCJzZXJ2ZXJhZGRyZXNzIjoibG9jYWxob3N0OjUwMDAifQ==");

  say_versioned("POST", "/images/create?fromImage=a&tag=sha256%3A12", 500,
                R"({"message":"pull access denied for a"})");
  EXPECT_EQ(loop.run(engine.pull_image("a@sha256:12", std::nullopt, {})).error().code, Code::kForbidden);
}

TEST_P(EngineTest, LogsAreTakenOutOfTheirFrames) {
  say_versioned("GET", "/containers/x/logs?stdout=true&stderr=true&tail=50", 200,
                std::string("\1\0\0\0\0\0\0\4out\n\2\0\0\0\0\0\0\4err\n", 24));
  EXPECT_EQ(loop.run(engine.logs("x", 50)).value(), "out\nerr\n");
}

TEST_P(EngineTest, AfterTheDaemonWasReplacedTheVersionIsAskedAgain) {
  ASSERT_TRUE(loop.run(engine.version()).has_value());
  loop.run(server->stop());
  EXPECT_EQ(loop.run(engine.info()).error().code, Code::kUnavailable);
  say("GET", "/version", 200,
      R"({"Version":"29.1.0","ApiVersion":"1.52","MinAPIVersion":"1.44","Os":"linux","Arch":"amd64","KernelVersion":"6.12"})");
  start();
  EXPECT_EQ(loop.run(engine.version()).value().spoken, "1.51");
  say("GET", "/version", 200, R"({"Version":"35.0.0","ApiVersion":"1.70","MinAPIVersion":"1.60"})");
  loop.run(server->stop());
  (void)loop.run(engine.info());
  start();
  EXPECT_EQ(loop.run(engine.version()).error().code, Code::kUnsupported);
}

Async<> live_events(http::BodyWriter& writer) {
  bool good = co_await writer.write(
      R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{"exitCode":"137","oriel.session":"s"}},"time":1795550845,"timeNano":17955508451234)");
  if (!good) co_return;
  co_await sleep_for(5ms);
  good = co_await writer.write("56789}\n");
  co_await sleep_for(1h);
}

Async<> listen(Engine& engine, int& opened, std::vector<Event>& seen) {
  std::function<void()> on_open = [&opened] { ++opened; };
  std::function<void(Event const&)> on_event = [&seen](Event const& event) { seen.push_back(event); };
  Labels labels{{"oriel.instance", "x"}};
  std::vector<std::string> types{"container"};
  auto ended =
      co_await engine.events(std::move(labels), std::move(types), std::move(on_open), std::move(on_event));
  EXPECT_EQ(ended.error().code, Code::kUnavailable);
}

TEST_P(EngineTest, EventsComeAsTheyHappenUntilTheDaemonGoes) {
  auto& response = answers[std::string("GET ") + GetParam().prefix +
                           "/events?filters=%7B%22label%22%3A%5B%22oriel.instance%3Dx%22%5D%2C%22type%22%3A%"
                           "5B%22container%22%5D%7D"];
  response.stream = live_events;
  int opened = 0;
  std::vector<Event> seen;
  TaskGroup group(loop.executor());
  group.spawn(listen(engine, opened, seen));
  loop.until([&] { return seen.size() == 1; });
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(seen[0].action, "die");
  EXPECT_EQ(seen[0].attributes.at("exitCode"), "137");
  EXPECT_EQ(seen[0].time, from_epoch_seconds(1795550845.123456));
  loop.run(server->stop());
  loop.run(group.wait());
  start();
}

INSTANTIATE_TEST_SUITE_P(Years, EngineTest, ::testing::Values(kOld, kModern),
                         [](auto const& year) { return year.param.name; });

}  // namespace
}  // namespace oriel::docker
