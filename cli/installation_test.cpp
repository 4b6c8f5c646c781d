#include "cli/installation.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/proxy_configuration.h"
#include "cli/server_certificate.h"
#include "cli/service_containers.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::cli {
namespace {

Installation installation() {
  Installation installation;
  installation.services_image = "oriel/services:1";
  settle(installation);
  return installation;
}

Installation scaled() {
  auto wanted = installation();
  wanted.scale.api = 3;
  return wanted;
}

HostFacts facts() { return {"sha256:1", "sha256:0", "/var/lib/docker", "host-1", false, "hash-1", true}; }

TEST(Installation, RefusesAHomeWhoseSocketPathsWouldBeTooLong) {
  auto wanted = installation();
  wanted.home = "/srv/" + std::string(60, 'x');
  auto const outcome = check(wanted);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("characters too long"), std::string::npos);
  wanted.home = "/srv/oriel";
  EXPECT_TRUE(check(wanted));
}

TEST(Installation, RefusesWhatCannotWork) {
  auto const refused = [](auto change) {
    auto wanted = installation();
    change(wanted);
    return !check(wanted);
  };
  EXPECT_TRUE(refused([](auto& one) { one.instance = "Oriel"; }));
  EXPECT_TRUE(refused([](auto& one) { one.instance = "a b"; }));
  EXPECT_TRUE(refused([](auto& one) { one.instance = "oriel-"; }));
  EXPECT_TRUE(refused([](auto& one) { one.instance = std::string(21, 'a'); }));
  EXPECT_TRUE(refused([](auto& one) { one.home = "relative"; }));
  EXPECT_TRUE(refused([](auto& one) { one.home = "/srv/../etc"; }));
  EXPECT_TRUE(refused([](auto& one) { one.home = "/srv/a b"; }));
  EXPECT_TRUE(refused([](auto& one) { one.port = 0; }));
  EXPECT_TRUE(refused([](auto& one) { one.port = 65536; }));
  EXPECT_TRUE(refused([](auto& one) { one.public_urls = {"http://desk.example.test"}; }));
  EXPECT_TRUE(refused([](auto& one) { one.public_urls = {"https://desk.example.test/path"}; }));
  EXPECT_TRUE(refused([](auto& one) { one.trusted_proxies = {"10.0.0.0/8; }"}; }));
}

TEST(Installation, TheParentOfControlDirectoriesIsTheBrokers) {
  if (::getuid() != 0) GTEST_SKIP() << "only root gives directories away";
  oriel::testing::TemporaryDirectory directory;
  auto wanted = installation();
  wanted.home = directory.file("home");
  auto const control = wanted.path("run/ctl");
  std::filesystem::create_directories(control);
  ASSERT_EQ(::chown(control.c_str(), users::kAgent, users::kAgent), 0);
  auto const made = make_layout(wanted);
  ASSERT_TRUE(made) << made.error();
  struct stat found{};
  ASSERT_EQ(::stat(control.c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, users::kBroker);
  EXPECT_EQ(found.st_mode & 07777U, 0711U);
}

TEST(Installation, AddressesHoldTheLocalOneFirstAndThePublicOnes) {
  Installation wanted;
  wanted.port = 9443;
  wanted.public_urls = {"https://desk.example.test/", "https://desk.example.test:9443"};
  settle(wanted);
  EXPECT_EQ(wanted.addresses.at(0), "https://127.0.0.1:9443");
  EXPECT_EQ(wanted.addresses.at(1), "https://desk.example.test");
  EXPECT_EQ(wanted.addresses.at(2), "https://desk.example.test:9443");
  EXPECT_EQ(wanted.api, "unix:/var/lib/oriel/run/api/api.sock");
}

TEST(Installation, HostOfUrl) {
  EXPECT_EQ(host_of_url("https://desk.example.test:8443"), "desk.example.test");
  EXPECT_EQ(host_of_url("https://[2001:db8::1]:8443/"), "2001:db8::1");
  EXPECT_EQ(host_of_url("https://a/b"), "");
  EXPECT_EQ(host_of_url("ftp://a"), "");
}

TEST(ServiceContainers, AreAllConfined) {
  for (auto const& service : service_names(scaled())) {
    auto const container = service_container(service, scaled(), facts());
    auto const& host = container.spec.at("HostConfig").as_object();
    EXPECT_EQ(host.at("CapDrop"), json::Array({"ALL"})) << service;
    EXPECT_EQ(host.at("SecurityOpt"), json::Array({"no-new-privileges"})) << service;
    EXPECT_EQ(host.at("ReadonlyRootfs"), true) << service;
    EXPECT_FALSE(host.contains("Privileged")) << service;
    bool const on_host = service == "broker" || service == "proxy";
    EXPECT_EQ(host.at("NetworkMode"), on_host ? "host" : "none") << service;
    EXPECT_EQ(host.contains("CapAdd"), service == "broker") << service;
    EXPECT_NE(container.spec.at("User"), service == "broker" ? "" : "0:0") << service;
  }
}

TEST(ServiceContainers, OnlyTheBrokerSeesTheDockerSocket) {
  for (auto const& service : service_names(installation())) {
    bool sees = false;
    for (auto const& mount :
         service_container(service, installation(), facts()).spec.at("HostConfig").at("Mounts").as_array()) {
      sees = sees || mount.at("Source") == "/var/run/docker.sock";
    }
    EXPECT_EQ(sees, service == "broker") << service;
  }
}

TEST(ServiceContainers, AreMadeAnewOnlyWhenSomethingChanged) {
  auto const before = service_container("api", installation(), facts());
  EXPECT_EQ(before.spec_hash, service_container("api", installation(), facts()).spec_hash);
  auto other_image = facts();
  other_image.services_image_id = "sha256:2";
  EXPECT_NE(before.spec_hash, service_container("api", installation(), other_image).spec_hash);
  for (auto const* kept : {"db", "redis"}) {
    EXPECT_EQ(service_container(kept, installation(), facts()).spec_hash,
              service_container(kept, installation(), other_image).spec_hash);
  }
  auto other_config = facts();
  other_config.config_hash = "hash-2";
  EXPECT_NE(before.spec_hash, service_container("api", installation(), other_config).spec_hash);
  // The database does not read config.json: it stays when that changes.
  EXPECT_EQ(service_container("db", installation(), facts()).spec_hash,
            service_container("db", installation(), other_config).spec_hash);
}

TEST(ServiceContainers, FurtherInstancesDifferInNameAndSocketAlone) {
  std::vector<std::string> const names{"db",  "redis", "manager", "broker", "agent",
                                       "api", "api-2", "api-3",   "proxy"};
  EXPECT_EQ(service_names(scaled()), names);
  auto const first = service_container("api", scaled(), facts());
  auto const second = service_container("api-2", scaled(), facts());
  EXPECT_EQ(second.name, "oriel-api-2");
  EXPECT_EQ(second.ready_socket, "/var/lib/oriel/run/api/api-2.sock");
  EXPECT_EQ(second.spec.at("HostConfig"), first.spec.at("HostConfig"));
  EXPECT_EQ(second.spec.at("User"), first.spec.at("User"));
  EXPECT_EQ(second.spec.at("Cmd").as_array().back(), "unix:/var/lib/oriel/run/api/api-2.sock");
  // The first is the same container however many there are.
  EXPECT_EQ(first.spec_hash, service_container("api", installation(), facts()).spec_hash);
}

TEST(Installation, ScaleNamesAServiceAndANumber) {
  Scale scale;
  EXPECT_TRUE(set_scale(scale, "api=2"));
  EXPECT_EQ(scale.api, 2);
  for (auto const* wrong : {"api", "api=", "api=0", "api=9", "api=two", "db=2", "=2", "api=2=3"}) {
    EXPECT_FALSE(set_scale(scale, wrong)) << wrong;
  }
  EXPECT_EQ(scale.api, 2);
}

TEST(ServiceContainers, PortsBelow1024AreOpenedByRootWhichIsGivenUp) {
  auto wanted = installation();
  wanted.port = 443;
  auto const container = service_container("proxy", wanted, facts());
  EXPECT_EQ(container.spec.at("User"), "0:0");
  EXPECT_EQ(container.spec.at("HostConfig").at("CapAdd"),
            json::Array({"NET_BIND_SERVICE", "SETUID", "SETGID"}));
  auto const& command = container.spec.at("Cmd").as_array();
  EXPECT_NE(std::ranges::find(command, json::Value("--user")), command.end());
}

TEST(ProxyConfiguration, HoldsNoPlaceholder) {
  auto wanted = installation();
  wanted.trusted_proxies = {"192.0.2.0/24", "2001:db8::/32"};
  auto const text = proxy_configuration(wanted, 2);
  EXPECT_EQ(text.find('@'), std::string::npos) << text.substr(text.find('@'), 40);
  EXPECT_NE(text.find("set_real_ip_from 192.0.2.0/24;"), std::string::npos);
  EXPECT_NE(text.find("listen 0.0.0.0:8443 ssl http2;"), std::string::npos);
  EXPECT_NE(text.find("unix:/var/lib/oriel/run/api/api.sock"), std::string::npos);
  EXPECT_EQ(proxy_configuration(installation(), 2).find("set_real_ip_from"), std::string::npos);
  EXPECT_EQ(text.find("api-2.sock"), std::string::npos);
  EXPECT_NE(proxy_configuration(scaled(), 2).find("server unix:/var/lib/oriel/run/api/api-3.sock"),
            std::string::npos);
}

TEST(ServerCertificate, CoversNamesAndAddressesAndItsKeyFits) {
  testing::TemporaryDirectory const directory;
  auto const at = [&directory](char const* name) { return (directory.path() / name).string(); };
  ServerCertificatePaths const paths{at("server.crt"), at("server.key"), at("authority.crt"),
                                     at("authority.key"), at("given")};
  HostNames const names{{"localhost", "desk.example.test"}, {"127.0.0.1", "::1", "192.0.2.7"}};
  auto const leaf = issue_server_certificate(paths, "oriel", names);
  ASSERT_TRUE(leaf) << leaf.error();
  EXPECT_TRUE(covers(leaf->certificate_pem, names));
  EXPECT_FALSE(covers(leaf->certificate_pem, {{"other.example.test"}, {}}));
  EXPECT_FALSE(covers(leaf->certificate_pem, {{}, {"192.0.2.8"}}));
  EXPECT_TRUE(key_fits_certificate(leaf->certificate_pem, leaf->key_pem));
  EXPECT_GT(*days_left(leaf->certificate_pem), 390);

  // The authority stays, so that who trusts it goes on trusting.
  auto const again = issue_server_certificate(paths, "oriel", names);
  ASSERT_TRUE(again);
  EXPECT_FALSE(key_fits_certificate(leaf->certificate_pem, again->key_pem));
  auto const authority = [](std::string const& chain) { return chain.substr(chain.rfind("-----BEGIN")); };
  EXPECT_EQ(authority(leaf->certificate_pem), authority(again->certificate_pem));
}

}  // namespace
}  // namespace oriel::cli
