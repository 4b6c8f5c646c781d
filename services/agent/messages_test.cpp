#include "protocol/agent/messages.h"

#include <filesystem>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "protocol/control/messages.h"

namespace oriel::agent {
namespace {

using Rewrite = std::function<Result<json::Value>(json::Value const&)>;

template <typename T>
Rewrite by() {
  return [](json::Value const& value) -> Result<json::Value> {
    // Refusing unknown members: an example that holds more than the struct would lose it silently.
    auto read = json::read<T>(value, json::Unknown::kRefuse);
    if (!read) return read.error();
    return json::write(*read);
  };
}

void check(std::string const& folder, std::map<std::string, Rewrite> const& types) {
  std::filesystem::path const golden =
      std::filesystem::path(ORIEL_SOURCE_DIRECTORY) / "protocol" / folder / "golden";
  std::size_t files = 0;
  for (auto const& entry : std::filesystem::directory_iterator(golden)) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    auto const name = entry.path().stem().string();
    auto const type = types.find(name);
    ASSERT_NE(type, types.end()) << name << " belongs to no struct";
    auto const text = read_file(entry.path());
    ASSERT_TRUE(text);
    auto const value = json::parse(*text);
    ASSERT_TRUE(value) << name << ": " << value.error();
    auto const written = type->second(*value);
    ASSERT_TRUE(written) << name << ": " << written.error();
    EXPECT_EQ(*written, *value) << name;
  }
  EXPECT_EQ(files, types.size());
}

TEST(Golden, MessagesOfAgentAndManagerReadAndWriteAsTheirExamples) {
  check("agent", {{"enrol_request", by<protocol::agent::EnrolRequest>()},
                  {"enrol_answer", by<protocol::agent::EnrolAnswer>()},
                  {"challenge", by<protocol::agent::Challenge>()},
                  {"hello", by<protocol::agent::Hello>()},
                  {"welcome", by<protocol::agent::Welcome>()},
                  {"desired", by<protocol::agent::Desired>()},
                  {"close_viewer", by<protocol::agent::CloseViewer>()},
                  {"log_follow", by<protocol::agent::LogFollow>()},
                  {"log_lines", by<protocol::agent::LogLines>()},
                  {"heartbeat", by<protocol::agent::Heartbeat>()},
                  {"inventory", by<protocol::agent::Inventory>()},
                  {"observed", by<protocol::agent::Observed>()}});
}

TEST(Messages, WhatIsAbsentKeepsItsDefault) {
  auto const desired = json::parse_as<protocol::agent::Desired>(
      R"({"type":"desired","sessions":[{"id":"0123456789abcdef0123456789abcdef"}]})");
  ASSERT_TRUE(desired) << desired.error();
  EXPECT_FALSE(desired->full);
  EXPECT_FALSE(desired->images);
  EXPECT_EQ(desired->sessions[0].desired, "running");
  EXPECT_EQ(desired->sessions[0].start_deadline_seconds, 60);
  EXPECT_FALSE(json::parse_as<protocol::agent::Desired>(R"({"sessions":[{"id":"../etc"}]})"));
}

}  // namespace
}  // namespace oriel::agent
