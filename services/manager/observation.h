#pragma once

#include <optional>
#include <vector>

#include "libs/base/id.h"
#include "libs/domain/session_state.h"
#include "libs/store/sessions.h"
#include "protocol/agent/messages.h"

/// What an agent's words mean for a session's row. Pure.
namespace oriel::manager {

struct Step {
  domain::Cause cause = domain::Cause::kAgent;
  store::SessionPatch patch{};
};

/// What is to be done about one observation.
struct Judgement {
  std::optional<Step> step{};                  ///< compare-and-set; then judge again
  std::optional<store::SessionUsage> usage{};  ///< numbers of a running session
  bool release = false;                        ///< nothing is left of a session that failed or ended
  bool end_stray = false;                      ///< the agent holds what we do not know or gave to another
};

/// `row` is empty when there is no such session. Observations of another attempt than the row's, or of a
/// generation that the row has not reached, change nothing.
[[nodiscard]] Judgement judge(std::optional<store::Session> const& row, AgentId agent,
                              protocol::agent::ObservedSession const& observed);

}  // namespace oriel::manager
