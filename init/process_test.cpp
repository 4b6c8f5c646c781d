#include "init/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/base/file_descriptor.h"

namespace oriel::init {
namespace {

/// The identity of whoever runs the test: root becomes an unprivileged user, others stay who they are where
/// that is allowed.
Identity test_identity() { return geteuid() == 0 ? Identity{65534, 65534} : Identity{geteuid(), getegid()}; }

std::string output_of(Command command) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  FileDescriptor const ours(ends[0]);
  FileDescriptor theirs(ends[1]);
  command.inherit = theirs.get();
  auto const pid = start(command, test_identity());
  EXPECT_TRUE(pid) << pid.error();
  if (!pid) return {};
  theirs.reset();
  std::string text;
  char buffer[256];
  for (auto count = read(ours.get(), buffer, sizeof buffer); count > 0;
       count = read(ours.get(), buffer, sizeof buffer)) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  int status = 0;
  EXPECT_EQ(waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(status, 0);
  return text;
}

TEST(Process, GetsItsEnvironmentDirectoryAndDescriptorThreeAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  // A descriptor that must not be seen in the child.
  FileDescriptor const stray(open("/dev/null", O_RDONLY));
  auto const text = output_of({{"/bin/sh", "-c",
                                "cd -P . && echo $PWD $GREETING $(id -u) $(id -G) >&3; ls /proc/$$/fd | tr "
                                "'\\n' ' ' >&3; cat /proc/self/oom_score_adj >&3"},
                               {{"PATH", "/usr/bin:/bin"}, {"GREETING", "hello"}},
                               "/usr",
                               -1,
                               true});
  EXPECT_EQ(text.substr(0, text.find('\n')), "/usr hello 65534 65534");
  EXPECT_NE(text.find("0 1 2 3 "), std::string::npos) << text;
  EXPECT_NE(text.find("500\n"), std::string::npos) << text;
}

TEST(Process, SaysWhyItCannotBeStarted) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  auto const pid = start({{"/nowhere"}, {}}, test_identity());
  ASSERT_FALSE(pid);
  EXPECT_EQ(pid.error().code, Code::kNotFound);
}

TEST(Process, RunsWorkAsAnotherUserAndHearsItsFailure) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  auto const done =
      run_as(test_identity(), []() -> Result<std::string> { return "I am " + std::to_string(getuid()); });
  ASSERT_TRUE(done) << done.error();
  EXPECT_EQ(*done, "I am 65534");
  auto const failed = run_as(test_identity(), []() -> Result<std::string> {
    return fail(Code::kInternal, "uid " + std::to_string(getuid()));
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "uid 65534");
}

}  // namespace
}  // namespace oriel::init
