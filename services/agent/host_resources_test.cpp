#include "services/agent/host_resources.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "libs/testing/temporary_directory.h"

namespace oriel::agent {
namespace {

void write(std::string const& path, std::string const& text) { std::ofstream(path) << text; }

TEST(HostResources, ReadsProcfsAndTheBrokersWord) {
  oriel::testing::TemporaryDirectory proc;
  write(proc.file("stat"), "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n");
  write(proc.file("meminfo"), "MemTotal:        8000 kB\nMemFree: 1000 kB\nMemAvailable:    6000 kB\n");
  write(proc.file("loadavg"), "0.75 0.5 0.25 1/100 4242\n");
  Options options;
  options.hostname = "alpha";
  options.disk_path = proc.path().string();
  HostResources resources(options, proc.path().string());

  write(proc.file("stat"), "cpu  150 0 150 800 100 0 0 0 0 0\n");
  protocol::broker::Host host;
  host.cores = 2.5;
  host.docker_version = "27";
  auto const seen = resources.read(host, 3);
  EXPECT_EQ(seen.hostname, "alpha");
  EXPECT_EQ(seen.cores_total, 2.5);
  EXPECT_DOUBLE_EQ(seen.cpu_percent, 50);
  EXPECT_DOUBLE_EQ(seen.load_1, 0.75);
  EXPECT_EQ(seen.memory_total_bytes, 8000 * 1024);
  EXPECT_EQ(seen.memory_used_bytes, 2000 * 1024);
  EXPECT_GT(seen.disk_total_bytes, 0);
  EXPECT_EQ(seen.sessions, 3);
  EXPECT_EQ(seen.docker_version, "27");

  host.disk_total_bytes = 1000;
  host.disk_used_bytes = 400;
  EXPECT_EQ(resources.read(host, 0).disk_used_bytes, 400);
}

}  // namespace
}  // namespace oriel::agent
