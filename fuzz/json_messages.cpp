// Every message between our processes, read from anything: the first byte names the message, the rest is
// its text. A message that is taken is the same after being written and read again.
#include <string>

#include "fuzz/json_values.h"
#include "fuzz/target.h"
#include "libs/base/json.h"
#include "protocol/agent/messages.h"
#include "protocol/broker/messages.h"
#include "protocol/control/messages.h"

using namespace oriel;
using fuzz::require;

namespace {

template <typename Message>
void read(std::string_view text) {
  for (auto const unknown : {json::Unknown::kIgnore, json::Unknown::kRefuse}) {
    auto const message = json::parse_as<Message>(text, unknown);
    if (!message) {
      require(message.error().fields.size() <= limits::kJsonErrors, "faults are counted");
      continue;
    }
    auto const written = json::write_text(*message);
    auto const again = json::parse_as<Message>(written, json::Unknown::kRefuse, {.bytes = written.size()});
    require(again.has_value(), "a written message can be read");
    require(fuzz::holds_double(json::write(*message)) || json::write_text(*again) == written,
            "a written message reads as itself");
  }
}

namespace agent = protocol::agent;
namespace broker = protocol::broker;
namespace control = protocol::control;

constexpr void (*kReaders[])(std::string_view) = {
    // The letters of the corpus: a, b, c, …
    read<agent::EnrolRequest>,  read<agent::EnrolAnswer>,  read<agent::Challenge>,
    read<agent::Welcome>,       read<agent::Desired>,      read<agent::CloseViewer>,
    read<agent::Hello>,         read<agent::Heartbeat>,    read<agent::Inventory>,
    read<agent::Observed>,      read<broker::Host>,        read<broker::CreateSession>,
    read<broker::SessionList>,  read<broker::SessionLog>,  read<broker::SessionUsage>,
    read<broker::ImageList>,    read<broker::PullImage>,   read<broker::PullLine>,
    read<broker::Event>,        read<control::Hello>,      read<control::State>,
    read<control::Viewers>,     read<control::Statistics>, read<control::Begin>,
    read<control::CloseViewer>, read<control::End>};

}  // namespace

ORIEL_FUZZ_TARGET(json_messages) {
  if (input.empty()) return;
  auto const which = static_cast<unsigned char>(input[0] - 'a') % std::size(kReaders);
  kReaders[which](input.substr(1));
}
