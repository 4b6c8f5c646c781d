#include "display/testing/display_session.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

namespace oriel::display::testing {

using namespace std::chrono_literals;

std::unique_ptr<DisplaySession> DisplaySession::start(std::string const& binary, XServerProcess::Kind kind,
                                                      Size size, std::string const& ready) {
  std::unique_ptr<DisplaySession> session(new DisplaySession);
  session->x_server_ = XServerProcess::start(kind, size);
  if (!session->x_server_) return nullptr;
  std::string pattern = (std::filesystem::temp_directory_path() / "oriel-d-XXXXXX").string();
  session->directory_ = mkdtemp(pattern.data());
  session->socket_ = session->directory_ + "/viewers.sock";
  session->display_ = std::make_unique<Process>(std::vector<std::string>{
      binary, "--display", session->x_server_->display(), "--listen", session->socket_, "--ready", ready});
  // The socket is there before it listens.
  for (int tries = 0; tries < 500; ++tries) {
    StreamClient::Credentials probe;
    probe.permissions = "";
    auto const refused = StreamClient::open(session->socket_, "input", probe);
    if (!refused && refused.error().code == Code::kForbidden) break;
    std::this_thread::sleep_for(10ms);
  }
  return session;
}

DisplaySession::~DisplaySession() {
  if (display_) display_->end(SIGTERM);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::size_t difference_after_settling(ViewerClient& viewer, XClient& client) {
  std::size_t different = SIZE_MAX;
  for (int tries = 0; tries < 10 && different != 0; ++tries) {
    if (!viewer.settle(100ms)) return SIZE_MAX;
    Size size;
    auto const screen = client.screenshot(size);
    different = differing_pixels(viewer.decoder(), screen, size);
  }
  return different;
}

long sleeps_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("voluntary_ctxt_switches:")) return std::strtol(line.c_str() + 24, nullptr, 10);
  return -1;
}

}  // namespace oriel::display::testing
