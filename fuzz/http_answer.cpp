// Our HTTP client under raw bytes, as an answer and as a stream of lines.
#include <optional>
#include <string>

#include "fuzz/loopback.h"
#include "fuzz/target.h"
#include "libs/http/client.h"

using namespace oriel;
using fuzz::require;

namespace {

constexpr std::size_t kAnswerBytes = 16 * 1024;
constexpr std::size_t kLineBytes = 512;

http::ClientRequest question() {
  http::ClientRequest request;
  request.answer_bytes = kAnswerBytes;
  request.deadline = std::chrono::seconds(2);
  request.silence = std::chrono::seconds(2);
  return request;
}

Async<Result<>> take_line(std::string line) {
  require(line.size() <= kLineBytes, "a line is bounded");
  require(line.find('\n') == std::string::npos, "a line is one line");
  co_return Result<>();
}

Async<> ask(http::Client& client, bool& done) {
  auto answer = co_await client.send(question());
  if (answer) {
    require(answer->body.size() <= kAnswerBytes, "an answer is bounded");
    require(answer->status >= 100 && answer->status <= 999, "a status has three digits");
    auto const error = http::error_of(*answer);
    require(!error.message.empty(), "an error has words");
  }
  auto streamed = co_await client.stream_lines(question(), take_line, kLineBytes);
  (void)streamed;
  done = true;
}

}  // namespace

ORIEL_FUZZ_TARGET(http_answer) {
  static fuzz::RawServer server("answer");
  http::Client client(fuzz::loop().executor(), Endpoint::unix_path(server.path()));
  bool done = false;
  fuzz::loop().start(ask(client, done));
  auto const answer = std::string(input);
  fuzz::loop().until([&] {
    server.serve_waiting([&](std::string const&) { return answer; });
    return done;
  });
}
