#include "libs/base/file.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace oriel {
namespace {

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    std::string name = "/tmp/oriel-file-XXXXXX";
    directory = ::mkdtemp(name.data());
  }
  ~FileTest() override { std::filesystem::remove_all(directory); }
  unsigned mode_of(std::filesystem::path const& path) {
    struct stat present{};
    EXPECT_EQ(::stat(path.c_str(), &present), 0);
    return present.st_mode & 07777U;
  }
  std::filesystem::path directory;
};

TEST_F(FileTest, WrittenWholeWithItsMode) {
  auto const path = directory / "secret";
  ASSERT_TRUE(write_file(path, "old").has_value());
  ASSERT_TRUE(write_file(path, "new", {.mode = 0600}).has_value());
  EXPECT_EQ(read_file(path).value(), "new");
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 1)
      << "nothing temporary is left";
}

TEST_F(FileTest, AbsentAndTooLargeAreErrors) {
  EXPECT_EQ(read_file(directory / "absent").error().code, Code::kNotFound);
  ASSERT_TRUE(write_file(directory / "large", std::string(1000, 'x')).has_value());
  EXPECT_EQ(read_file(directory / "large", 999).error().code, Code::kTooLarge);
  EXPECT_EQ(read_file(directory / "large", 1000).value().size(), 1000u);
  EXPECT_FALSE(write_file(directory / "absent" / "x", "").has_value());
}

TEST_F(FileTest, DirectoriesAreMadeWithTheirParents) {
  ASSERT_TRUE(make_directory(directory / "a" / "b", {.mode = 0750}).has_value());
  ASSERT_TRUE(make_directory(directory / "a" / "b", {.mode = 0700}).has_value());
  EXPECT_EQ(mode_of(directory / "a" / "b"), 0700u);
  ASSERT_TRUE(write_file(directory / "file", "").has_value());
  EXPECT_FALSE(make_directory(directory / "file").has_value());
}

}  // namespace
}  // namespace oriel
