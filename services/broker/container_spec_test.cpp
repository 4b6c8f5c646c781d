#include "services/broker/container_spec.h"

#include <set>

#include <gtest/gtest.h>

namespace oriel::broker {
namespace {

SessionId session() { return *SessionId::parse("0123456789abcdef0123456789abcdef"); }

protocol::broker::CreateSession request() {
  protocol::broker::CreateSession request;
  request.attempt = 3;
  request.generation = 7;
  request.image = "oriel/firefox:1";
  request.cores = 1.5;
  request.memory_bytes = 2'147'483'648;
  request.shm_bytes = 268'435'456;
  request.pids = 512;
  request.network = "internet";
  request.environment = {{"APP_MODE", "kiosk"}};
  return request;
}

ContainerFacts facts() {
  ContainerFacts facts;
  facts.instance = "oriel";
  facts.agent = "agent-1";
  facts.image_id = "sha256:abc";
  facts.image_home = "/home/user";
  facts.runtime = "deadbeef";
  facts.runtime_tree = "/var/lib/oriel/runtime/deadbeef";
  facts.control_directory = "/var/lib/oriel/run/ctl/0123456789abcdef0123456789abcdef";
  facts.seccomp_profile = "{}";
  facts.network = "oriel-internet";
  facts.mac_address = "02:6f:72:00:00:01";
  return facts;
}

TEST(ContainerSpec, ProtectsTheHostByConstants) {
  auto const spec = container_spec(session(), request(), facts());
  auto const& host = spec.at("HostConfig").as_object();
  EXPECT_EQ(host.at("CapDrop"), json::Array({"ALL"}));
  EXPECT_EQ(host.at("CapAdd"), json::Array({"SETUID", "SETGID", "KILL"}));
  EXPECT_EQ(host.at("SecurityOpt"), json::Array({"no-new-privileges", "seccomp={}"}));
  EXPECT_EQ(host.at("Privileged"), false);
  EXPECT_EQ(host.at("ReadonlyRootfs"), true);
  EXPECT_EQ(host.at("IpcMode"), "private");
  EXPECT_EQ(host.at("CgroupnsMode"), "private");
  EXPECT_EQ(host.at("PublishAllPorts"), false);
  EXPECT_EQ(host.at("RestartPolicy").at("Name"), "no");
  for (auto const* absent : {"Devices", "DeviceRequests", "Binds", "PidMode", "UTSMode", "UsernsMode",
                             "PortBindings", "GroupAdd", "DeviceCgroupRules", "Sysctls", "Runtime"}) {
    EXPECT_FALSE(host.contains(absent)) << absent;
  }
}

TEST(ContainerSpec, StartsOurInitAsRootAndNothingOfTheImage) {
  auto const spec = container_spec(session(), request(), facts());
  EXPECT_EQ(spec.at("Entrypoint"), json::Array({"/opt/oriel/bin/oriel-init"}));
  EXPECT_EQ(spec.at("Cmd"), json::Array());
  EXPECT_EQ(spec.at("User"), "0:0");
  EXPECT_EQ(spec.at("Image"), "sha256:abc");
}

TEST(ContainerSpec, MountsTheRuntimeAndTheControlDirectoryReadOnlyAndAFreshHome) {
  auto const spec = container_spec(session(), request(), facts());
  auto const& mounts = spec.at("HostConfig").at("Mounts").as_array();
  ASSERT_EQ(mounts.size(), 3U);
  EXPECT_EQ(mounts[0].at("Source"), "/var/lib/oriel/runtime/deadbeef");
  EXPECT_EQ(mounts[0].at("Target"), "/opt/oriel");
  EXPECT_EQ(mounts[0].at("ReadOnly"), true);
  EXPECT_EQ(mounts[1].at("Target"), "/run/oriel");
  EXPECT_EQ(mounts[1].at("ReadOnly"), true);
  EXPECT_EQ(mounts[2].at("Type"), "volume");
  EXPECT_EQ(mounts[2].at("Target"), "/home/user");
  EXPECT_FALSE(mounts[2].as_object().contains("Source"));
}

TEST(ContainerSpec, LimitsComeFromTheRequest) {
  auto const spec = container_spec(session(), request(), facts());
  auto const& host = spec.at("HostConfig").as_object();
  EXPECT_EQ(host.at("Memory"), 2'147'483'648);
  EXPECT_EQ(host.at("MemorySwap"), host.at("Memory"));
  EXPECT_EQ(host.at("NanoCpus"), 1'500'000'000);
  EXPECT_EQ(host.at("PidsLimit"), 512);
  EXPECT_EQ(host.at("ShmSize"), 268'435'456);
}

TEST(ContainerSpec, LabelsNameTheOwner) {
  auto const spec = container_spec(session(), request(), facts());
  auto const& labels = spec.at("Labels").as_object();
  EXPECT_EQ(labels.at("oriel.instance"), "oriel");
  EXPECT_EQ(labels.at("oriel.agent"), "agent-1");
  EXPECT_EQ(std::string(labels.at("oriel.session").as_string()), session().text());
  EXPECT_EQ(labels.at("oriel.attempt"), "3");
  EXPECT_EQ(labels.at("oriel.generation"), "7");
  EXPECT_EQ(labels.at("oriel.runtime"), "deadbeef");
  EXPECT_EQ(container_name("oriel", session(), 3), "oriel-session-" + session().text() + "-3");
}

TEST(ContainerSpec, OurVariablesWinOverThoseOfTheRequest) {
  auto wanted = request();
  wanted.environment["ORIEL_SESSION"] = "forged";
  auto const spec = container_spec(session(), wanted, facts());
  std::string last;
  for (auto const& one : spec.at("Env").as_array()) {
    std::string const text(one.as_string());
    if (text.starts_with("ORIEL_SESSION=")) last = text;
  }
  EXPECT_EQ(last, "ORIEL_SESSION=" + session().text());
}

TEST(ContainerSpec, AddressGoesWhereTheEngineReadsIt) {
  auto old_engine = facts();
  EXPECT_EQ(container_spec(session(), request(), old_engine).at("MacAddress"), "02:6f:72:00:00:01");
  auto new_engine = facts();
  new_engine.mac_in_endpoint = true;
  auto const spec = container_spec(session(), request(), new_engine);
  EXPECT_FALSE(spec.contains("MacAddress"));
  EXPECT_EQ(spec.at("NetworkingConfig").at("EndpointsConfig").at("oriel-internet").at("MacAddress"),
            "02:6f:72:00:00:01");
}

TEST(ContainerSpec, AddressesAreUnderOurPrefixAndRandom) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    auto const address = random_mac_address();
    EXPECT_EQ(address.size(), 17U);
    EXPECT_TRUE(address.starts_with("02:6f:72:"));
    seen.insert(address);
  }
  EXPECT_GT(seen.size(), 95U);
}

TEST(Manifest, NamesTheHome) {
  EXPECT_EQ(*home_of_manifest(""), "/home/user");
  EXPECT_EQ(*home_of_manifest(R"({"home":"/home/ada"})"), "/home/ada");
  EXPECT_EQ(*home_of_manifest(R"({"name":"x"})"), "/home/user");
}

TEST(Manifest, NeverNamesAHomeElsewhere) {
  for (auto const* text :
       {R"({"home":"/"})", R"({"home":"/etc"})", R"({"home":"/home/"})", R"({"home":"/home/../etc"})",
        R"({"home":"home/user"})", R"({"home":"/home//x"})", R"({"home":"/run/oriel"})", "not json", "[]"}) {
    EXPECT_FALSE(home_of_manifest(text)) << text;
  }
}

}  // namespace
}  // namespace oriel::broker
