// What the Docker Engine answers: the first byte chooses the call, the rest is the answer's body.
#include <string>

#include "fuzz/loopback.h"
#include "fuzz/target.h"
#include "libs/docker/engine.h"
#include "libs/docker/log_frames.h"

using namespace oriel;
using fuzz::require;

namespace {

std::string body;

Async<http::Response> answer(http::Request request) {
  if (request.path == "/version")
    co_return http::json_text_response(
        R"({"ApiVersion":"1.41","MinAPIVersion":"1.12","Version":"20.10.24"})");
  co_return http::json_text_response(body);
}

template <typename T>
void ask(Async<Result<T>> call) {
  auto const outcome = fuzz::loop().run(std::move(call));
  if (!outcome) require(!outcome.error().message.empty(), "an error has words");
}

}  // namespace

ORIEL_FUZZ_TARGET(docker_answer) {
  static auto* const engine = new docker::Engine(fuzz::loop().executor(), fuzz::serve("docker", answer));
  if (input.empty()) return;
  body = std::string(input.substr(1));
  switch ((input[0] - 'a') % 12) {
    case 0:
      return ask(engine->inspect_container("x"));
    case 1:
      return ask(engine->list_containers({}));
    case 2:
      return ask(engine->usage("x"));
    case 3:
      return ask(engine->inspect_image("x"));
    case 4:
      return ask(engine->list_images());
    case 5:
      return ask(engine->inspect_network("x"));
    case 6:
      return ask(engine->list_networks());
    case 7:
      return ask(engine->list_volumes({}));
    case 8:
      return ask(engine->info());
    case 9:
      return ask(engine->pull_image("x:1", std::nullopt, [](docker::PullProgress const&) {}));
    case 10:
      return ask(engine->events({}, {}, [] {}, [](docker::Event const&) {}));
    default:
      return ask(engine->wait_container("x"));
  }
}

ORIEL_FUZZ_TARGET(docker_log) {
  constexpr std::size_t kLimit = 200;
  docker::LogFrames whole(kLimit);
  whole.feed(input);
  docker::LogFrames slow(kLimit);
  for (std::size_t at = 0; at < input.size(); ++at) slow.feed(input.substr(at, 1));
  require(whole.text().size() <= kLimit, "the log is bounded");
  require(whole.text() == slow.text(), "where bytes are cut changes nothing");
}
