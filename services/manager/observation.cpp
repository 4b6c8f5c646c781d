#include "services/manager/observation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/base/text.h"

namespace oriel::manager {
namespace {

using domain::Cause;
using domain::SessionState;
using protocol::agent::ObservedSession;

int percent(std::int64_t value) { return static_cast<int>(std::clamp<std::int64_t>(value, 0, 100)); }

Step move(SessionState to, Cause cause = Cause::kAgent) {
  Step step;
  step.cause = cause;
  step.patch.state = to;
  return step;
}

void carry_identity(store::SessionPatch& patch, ObservedSession const& observed) {
  patch.container_id = observed.container_id;
  patch.runtime = observed.runtime;
  if (observed.protocol)
    patch.client_protocol = static_cast<int>(std::clamp<std::int64_t>(*observed.protocol, 1, 1000));
}

Judgement starting(store::Session const& row, ObservedSession const& observed) {
  Judgement judgement;
  bool const placed = row.state == SessionState::kPlaced;
  if (!placed && row.state != SessionState::kStarting) return judgement;  // running stays running
  auto const step = to_utf8(observed.step, 64);
  auto const progress = std::max(percent(observed.progress), placed ? 0 : row.progress);
  bool const news =
      placed || step != row.step || progress != row.progress || observed.container_id != row.container_id;
  if (!news) return judgement;
  judgement.step.emplace();
  if (placed) judgement.step->patch.state = SessionState::kStarting;
  judgement.step->patch.step = step;
  judgement.step->patch.progress = progress;
  carry_identity(judgement.step->patch, observed);
  return judgement;
}

Judgement running(store::Session const& row, ObservedSession const& observed) {
  Judgement judgement;
  if (row.state == SessionState::kPlaced || row.state == SessionState::kStarting) {
    judgement.step = move(SessionState::kRunning);
    judgement.step->patch.step = "ready";
    judgement.step->patch.progress = 100;
    carry_identity(judgement.step->patch, observed);
    return judgement;
  }
  if (row.state != SessionState::kRunning) return judgement;
  // A display server may be ready before its container's create call has answered.
  bool const news = (observed.runtime && observed.runtime != row.runtime) ||
                    (observed.container_id && observed.container_id != row.container_id);
  if (news) {
    judgement.step.emplace();
    carry_identity(judgement.step->patch, observed);
  }
  store::SessionUsage usage;
  usage.viewers = static_cast<int>(std::clamp<std::int64_t>(observed.viewers, 0, 1000));
  if (observed.last_input_at) usage.last_input_at = parse_rfc3339(*observed.last_input_at);
  usage.cpu = std::clamp(observed.cpu, 0.0, 4096.0);
  usage.memory_bytes = std::max<std::int64_t>(observed.memory_bytes, 0);
  judgement.usage = usage;
  return judgement;
}

Judgement failed(store::Session const& row, ObservedSession const& observed) {
  Judgement judgement;
  // A session that should end anyway ends; how it died meanwhile is no longer of interest.
  if (!domain::may_move(row.state, SessionState::kFailed, Cause::kAgent)) return judgement;
  judgement.step = move(SessionState::kFailed);
  auto& patch = judgement.step->patch;
  patch.step = to_utf8(observed.step, 64);
  patch.progress = percent(observed.progress);
  patch.reason_code = to_utf8(observed.reason_code.value_or("failed"), 64);
  patch.reason = to_utf8(observed.reason.value_or("The server did not say why."), limits::kReasonBytes);
  if (observed.log_tail) patch.log_tail = to_utf8(*observed.log_tail, limits::kLogTailBytes);
  return judgement;
}

Judgement gone(store::Session const& row) {
  Judgement judgement;
  if (domain::is_final(row.state)) {
    judgement.release = !row.released_at.has_value();
    return judgement;
  }
  if (row.state == SessionState::kEnding) {
    judgement.step = move(SessionState::kEnded);
    judgement.step->patch.released = true;
    return judgement;
  }
  if (row.desired == domain::DesiredState::kEnded) {
    judgement.step = move(SessionState::kEnding, Cause::kManager);
    return judgement;
  }
  if (domain::may_move(row.state, SessionState::kFailed, Cause::kAgent)) {
    judgement.step = move(SessionState::kFailed);
    judgement.step->patch.reason_code = "container_lost";
    judgement.step->patch.reason = "The server no longer has this session.";
    judgement.step->patch.released = true;
  }
  return judgement;
}

}  // namespace

Judgement judge(std::optional<store::Session> const& row, AgentId agent, ObservedSession const& observed) {
  Judgement judgement;
  bool const ours = row && row->agent && *row->agent == agent;
  if (!ours) {
    judgement.end_stray = observed.state != "gone";
    return judgement;
  }
  bool const stale = observed.attempt != row->attempt || observed.generation > row->generation;
  if (stale) return judgement;
  if (observed.state == "creating" || observed.state == "starting") return starting(*row, observed);
  if (observed.state == "running") return running(*row, observed);
  if (observed.state == "failed") return failed(*row, observed);
  if (observed.state == "gone") return gone(*row);
  return judgement;
}

}  // namespace oriel::manager
