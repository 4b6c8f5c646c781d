// Files that an operator edits: policy.json and config.json as broker and agent read them.
#include "services/broker/configuration.h"

#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "proxy/listen/listening_socket.h"
#include "services/agent/options.h"
#include "services/broker/policy.h"

using namespace oriel;
using fuzz::require;

ORIEL_FUZZ_TARGET(configuration) {
  static int const file = memfd_create("configuration", MFD_CLOEXEC);
  require(ftruncate(file, 0) == 0 &&
              pwrite(file, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()),
          "the file is written");
  auto const path = "/proc/self/fd/" + std::to_string(file);
  if (auto const policy = broker::read_policy(path)) {
    require(!policy->agent.empty(), "a policy names its agent");
    (void)broker::check_request(*policy, {});
    (void)broker::image_allowed(*policy, policy->images);
  } else {
    require(!policy.error().message.empty(), "a refusal has words");
  }
  if (auto const options = broker::read_configuration(path))
    require(!options->home.empty(), "a home is named");
  (void)agent::read_options(path);

  auto const half = input.size() / 2;
  (void)broker::matches_pattern(input.substr(0, half), input.substr(half));
  proxy::Address address;
  (void)proxy::parse_address(std::string(input), address);
}
