#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "cli/commands.h"
#include "cli/engine_work.h"
#include "libs/async/task_group.h"
#include "libs/base/uri.h"
#include "libs/http/client.h"

namespace oriel::cli {
namespace {

constexpr std::size_t kFrameHeader = 8;
constexpr std::size_t kFrameBytes = 1024 * 1024;

/// The engine's framing of output (stream, 0, 0, 0, length big-endian), cut into lines with the service's
/// name before each.
class LogLines {
 public:
  explicit LogLines(std::string prefix) : prefix_(std::move(prefix)) {}

  [[nodiscard]] Result<> take(std::string const& chunk) {
    frames_ += chunk;
    while (frames_.size() >= kFrameHeader) {
      std::size_t length = 0;
      for (std::size_t i = 4; i < kFrameHeader; ++i)
        length = (length << 8) | static_cast<unsigned char>(frames_[i]);
      if (length > kFrameBytes) return fail(Code::kTooLarge, "a piece of log above 1 MiB");
      if (frames_.size() < kFrameHeader + length) break;
      text_.append(frames_, kFrameHeader, length);
      frames_.erase(0, kFrameHeader + length);
    }
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      std::printf("%s%s\n", prefix_.c_str(), text_.substr(0, end).c_str());
      text_.erase(0, end + 1);
    }
    std::fflush(stdout);
    return {};
  }

 private:
  std::string prefix_;
  std::string frames_;
  std::string text_;
};

Async<> read_log(Executor executor, std::string docker_socket, std::string container,
                 LogsOptions const& options, bool prefixed, std::string& problem) {
  http::Client client(executor, Endpoint::unix_path(docker_socket), {.host = "docker"});
  http::ClientRequest request;
  request.target = "/containers/" + container +
                   "/logs?stdout=1&stderr=1&tail=" + std::to_string(options.lines) +
                   (options.follow ? "&follow=1" : "");
  LogLines lines(prefixed ? container + " | " : "");
  auto on_chunk = [&lines](std::string chunk) -> Async<Result<>> { co_return lines.take(chunk); };
  auto const answer = co_await client.stream(std::move(request), on_chunk);
  if (!answer) {
    problem = answer.error().message;
  } else if (answer->status != 200) {
    problem = http::error_of(*answer).message;
  }
}

Async<Result<int>> run_logs(Executor executor, Installation installation, LogsOptions const& options) {
  std::vector<std::string> services;
  for (auto const& service : service_names(installation)) {
    auto const name = installation.container(service);
    if (options.service.empty() || options.service == kind_of_service(service) ||
        options.service == service || options.service == name)
      services.push_back(name);
  }
  if (services.empty())
    co_return fail(Code::kNotFound,
                   "no service " + options.service + "; there are db redis manager broker agent api proxy");

  std::map<std::string, std::string> problems;
  TaskGroup readers(executor);
  for (auto const& name : services) {
    readers.spawn(
        read_log(executor, installation.docker_socket, name, options, services.size() > 1, problems[name]),
        name);
    if (!options.follow) co_await readers.wait();
  }
  co_await readers.wait();
  int code = 0;
  for (auto const& [name, problem] : problems) {
    if (problem.empty()) continue;
    std::fprintf(stderr, "%s: %s\n", name.c_str(), problem.c_str());
    code = 1;
  }
  co_return code;
}

}  // namespace

Result<int> logs(LogsOptions const& options) {
  auto const installation = read_installation(options.home);
  if (!installation) return installation.error();
  return run_to_end([&](Executor executor) { return run_logs(executor, *installation, options); });
}

}  // namespace oriel::cli
