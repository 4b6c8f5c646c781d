#include "services/broker/control_directories.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/file.h"
#include "libs/testing/temporary_directory.h"

namespace oriel::broker {
namespace {

class ControlDirectoriesTest : public ::testing::Test {
 protected:
  ControlDirectoriesTest() {
    configuration.home = directory.file("home");
    configuration.broker_user = ::getuid();
    configuration.agent_group = ::getgid();
    std::filesystem::create_directories(configuration.control_directory());
    ::chmod(configuration.control_directory().c_str(), 0711);
  }

  std::string path() const { return configuration.control_directory() + "/" + session.text(); }
  struct stat status() const {
    struct stat found{};
    EXPECT_EQ(::lstat(path().c_str(), &found), 0);
    return found;
  }

  oriel::testing::TemporaryDirectory directory;
  Configuration configuration;
  ControlDirectories directories{configuration};
  SessionId session = SessionId::random();
};

TEST_F(ControlDirectoriesTest, IsMadeOnceAndRemovedWithWhatIsInIt) {
  EXPECT_EQ(directories.find(session).error().code, Code::kNotFound);
  ASSERT_TRUE(directories.make(session));
  auto const first = status();
  EXPECT_EQ(first.st_mode & 07777U, 0771U);
  EXPECT_EQ(first.st_gid, configuration.agent_group);
  ASSERT_TRUE(directories.make(session));
  EXPECT_EQ(status().st_ino, first.st_ino);
  ASSERT_TRUE(directories.find(session));
  EXPECT_EQ(*directories.find(session), path());

  ASSERT_TRUE(write_file(path() + "/control.sock", "x"));
  ASSERT_TRUE(write_file(path() + "/.left", "x"));
  std::filesystem::create_directory(path() + "/empty");
  ASSERT_TRUE(directories.remove(session));
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_TRUE(directories.remove(session));
}

TEST_F(ControlDirectoriesTest, AMakingThatWasCutShortIsFinished) {
  ASSERT_EQ(::mkdir(path().c_str(), 0700), 0);
  ASSERT_TRUE(directories.make(session));
  EXPECT_EQ(status().st_mode & 07777U, 0771U);
}

TEST_F(ControlDirectoriesTest, ALinkOrFileIsNeverFollowedNorTaken) {
  auto const target = directory.file("target");
  std::filesystem::create_directories(target);
  ASSERT_TRUE(write_file(target + "/precious", "x"));
  std::filesystem::create_directory_symlink(target, path());
  EXPECT_EQ(directories.make(session).error().code, Code::kForbidden);
  EXPECT_EQ(directories.find(session).error().code, Code::kForbidden);
  ASSERT_TRUE(directories.remove(session));
  EXPECT_FALSE(std::filesystem::is_symlink(path()));
  EXPECT_TRUE(std::filesystem::exists(target + "/precious"));

  ASSERT_TRUE(write_file(path(), "x"));
  EXPECT_EQ(directories.make(session).error().code, Code::kForbidden);
  EXPECT_EQ(directories.find(session).error().code, Code::kForbidden);

  // Links inside go, their targets stay.
  ASSERT_TRUE(directories.remove(session));
  ASSERT_TRUE(directories.make(session));
  std::filesystem::create_directory_symlink(target, path() + "/control.sock");
  ASSERT_TRUE(directories.remove(session));
  EXPECT_TRUE(std::filesystem::exists(target + "/precious"));
}

TEST_F(ControlDirectoriesTest, AParentThatOthersCanWriteIsRefused) {
  ASSERT_TRUE(directories.make(session));
  ::chmod(configuration.control_directory().c_str(), 0731);
  EXPECT_EQ(directories.make(session).error().code, Code::kForbidden);
  EXPECT_EQ(directories.find(session).error().code, Code::kForbidden);
  EXPECT_EQ(directories.remove(session).error().code, Code::kForbidden);
  ::chmod(configuration.control_directory().c_str(), 0711);
  EXPECT_TRUE(directories.find(session));
}

TEST_F(ControlDirectoriesTest, WhatIsSomebodyElsesIsRefused) {
  ASSERT_TRUE(directories.make(session));
  configuration.broker_user = ::getuid() + 1;
  EXPECT_EQ(directories.find(session).error().code, Code::kForbidden);  // the parent

  if (::getuid() != 0) GTEST_SKIP() << "only root gives a directory away";
  configuration.broker_user = 0;
  ASSERT_EQ(::chown(path().c_str(), 64022, 64010), 0);
  EXPECT_EQ(directories.make(session).error().code, Code::kForbidden);
  EXPECT_EQ(directories.find(session).error().code, Code::kForbidden);
  EXPECT_EQ(directories.remove(session).error().code, Code::kForbidden);
}

}  // namespace
}  // namespace oriel::broker
