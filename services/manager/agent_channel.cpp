#include "services/manager/agent_channel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/async/deadline.h"
#include "libs/async/failpoint.h"
#include "libs/async/first_result.h"
#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/text.h"
#include "libs/store/agent_log.h"
#include "libs/store/agents.h"
#include "libs/store/images.h"
#include "services/manager/desired_state.h"
#include "services/manager/observation.h"
#include "services/manager/revocation_log.h"

namespace oriel::manager {
namespace {

namespace wire = protocol::agent;

constexpr int kJudgements = 6;        // moves that one observation may cause, races included
constexpr std::size_t kHints = 1024;  // beyond it the next comparison of all rows finds them
constexpr std::size_t kNetworks = 64;

/// What makes two wishes different; the generation alone does not.
std::string essence(wire::DesiredSession desired) {
  desired.generation = 0;
  return json::write_text(desired);
}

}  // namespace

AgentChannel::AgentChannel(Executor executor, postgres::Database& database, Options const& options,
                           AgentId agent, std::optional<WallTime> heard, http::WebSocket& socket)
    : database_(database),
      options_(options),
      agent_(agent),
      heard_(heard),
      socket_(socket),
      words_(executor, limits::kWebSocketQueue),
      wake_(executor),
      replaced_(executor) {}

Async<Error> AgentChannel::serve() {
  auto reading = read_loop();
  auto writing = write_loop();
  auto replacing = until_replaced();
  auto talking = first_result(std::move(reading), std::move(writing));
  auto ended = co_await first_result(std::move(talking), std::move(replacing));
  co_return ended.error();
}

void AgentChannel::replace() { replaced_.set(); }

Async<Result<>> AgentChannel::until_replaced() {
  co_await replaced_.wait();
  co_return fail(Code::kConflict, "a newer channel of this agent took over");
}

// hints

void AgentChannel::push(store::Session const& session) {
  if (!full_sent_) return;  // the full list, which is being made, names it
  if (session.agent && *session.agent == agent_) want(session);
  if (!due_.empty()) wake_.notify();
}

void AgentChannel::look_at(SessionId session) {
  if (hinted_.size() < kHints) hinted_.insert(session);
  wake_.notify();
}

void AgentChannel::repeat(SessionId session) {
  told_.erase(session);
  look_at(session);
}

void AgentChannel::images_changed() {
  images_due_ = true;
  wake_.notify();
}

void AgentChannel::close_viewers(wire::CloseViewer const& message) {
  // An agent that takes nothing any more begins anew, and is then told everything since it was heard of.
  if (!words_.try_send(json::write_text(message))) words_lost_ = true;
  wake_.notify();
}

// manager → agent

void AgentChannel::want(store::Session const& session) {
  auto desired = desired_of(session);
  if (!desired) {
    log::error("a session cannot be told to its agent",
               {{"session", session.id}, {"error", desired.error()}});
    return;
  }
  auto const told = told_.find(session.id);
  if (told != told_.end() && told->second.text == essence(*desired)) return;
  removed_due_.erase(session.id);
  due_.insert_or_assign(session.id, std::move(*desired));
}

void AgentChannel::unwant(SessionId session) {
  if (strays_.contains(session)) return;
  due_.erase(session);
  if (told_.contains(session)) removed_due_.insert(session);
}

Async<Result<>> AgentChannel::send(wire::Desired message) {
  for (auto const& desired : message.sessions) {
    told_.insert_or_assign(desired.id, Told{essence(desired), desired.desired == "ended"});
  }
  for (auto const& id : message.removed_sessions) told_.erase(id);
  message.revision = ++revision_;
  auto sent = co_await socket_.write(json::write_text(message));
  if (!message.sessions.empty()) ORIEL_FAILPOINT(kManagerSessionTold);
  co_return sent;
}

Async<Result<>> AgentChannel::send_images_if_changed() {
  images_due_ = false;
  auto images = co_await store::list_enabled_images(database_);
  if (!images) co_return images.error();
  auto wanted = desired_images(*images, options_.seal_key);
  auto text = json::write_text(wanted);
  if (text == told_images_) co_return Result<>();
  told_images_ = std::move(text);
  wire::Desired message;
  message.images = std::move(wanted);
  co_return co_await send(std::move(message));
}

Async<Result<>> AgentChannel::follow_log_if_wanted() {
  auto wanted = co_await store::is_agent_log_wanted(database_, agent_);
  if (!wanted) co_return wanted.error();
  if (*wanted == log_followed_) co_return Result<>();
  // It begins anew with all that the agent keeps; and nothing is kept of it here when nobody reads.
  auto forgotten = co_await store::forget_agent_log(database_, agent_);
  if (!forgotten) co_return forgotten.error();
  log_followed_ = *wanted;
  wire::LogFollow message;
  message.wanted = *wanted;
  co_return co_await socket_.write(json::write_text(message));
}

Async<Result<>> AgentChannel::send_full() {
  auto rows = co_await store::list_sessions_of_agent(database_, agent_);
  if (!rows) co_return rows.error();
  told_.clear();
  due_.clear();
  removed_due_.clear();
  for (auto const& row : *rows) want(row);
  full_sent_ = true;
  do {
    wire::Desired part;
    part.full = true;
    while (!due_.empty() && part.sessions.size() < wire::kSessionsPerMessage) {
      part.sessions.push_back(std::move(due_.begin()->second));
      due_.erase(due_.begin());
    }
    part.more = !due_.empty();
    bool const more = part.more;
    auto sent = co_await send(std::move(part));
    if (!sent) co_return sent.error();
    if (!more) break;
  } while (true);
  co_return Result<>();
}

Async<Result<>> AgentChannel::send_revocations() {
  if (!heard_) co_return Result<>();
  // It may have been gone for as long as that before anybody noticed.
  RevocationLog revocations(*heard_ - limits::kAgentUnreachable);
  for (;;) {
    auto viewers = co_await revocations.read(database_);
    if (!viewers) co_return viewers.error();
    if (viewers->empty()) co_return Result<>();
    for (auto const& message : close_messages(std::move(*viewers))) {
      auto sent = co_await socket_.write(json::write_text(message));
      if (!sent) co_return sent.error();
    }
  }
}

Async<Result<>> AgentChannel::compare_all() {
  auto rows = co_await store::list_sessions_of_agent(database_, agent_);
  if (!rows) co_return rows.error();
  hinted_.clear();
  std::set<SessionId> present;
  for (auto const& row : *rows) {
    present.insert(row.id);
    want(row);
  }
  for (auto const& [id, told] : told_) {
    if (!present.contains(id) && !strays_.contains(id)) removed_due_.insert(id);
  }
  co_return Result<>();
}

Async<Result<>> AgentChannel::compare_hinted() {
  auto hinted = std::exchange(hinted_, {});
  for (auto const& id : hinted) {
    auto row = co_await store::find_session(database_, id);
    if (!row) co_return row.error();
    bool const ours = *row && (*row)->agent && *(*row)->agent == agent_;
    bool const over = ours && domain::is_final((*row)->state) && (*row)->released_at;
    if (ours && !over) {
      want(**row);
    } else {
      unwant(id);
    }
  }
  co_return Result<>();
}

Async<Result<>> AgentChannel::write_loop() {
  auto images = co_await send_images_if_changed();
  if (!images) co_return images.error();
  auto full = co_await send_full();
  if (!full) co_return full.error();
  auto revoked = co_await send_revocations();
  if (!revoked) co_return revoked.error();
  auto next_comparison = std::chrono::steady_clock::now() + limits::kReconcilePoll;
  for (;;) {
    auto const seen = wake_.count();
    if (std::chrono::steady_clock::now() >= next_comparison) {
      next_comparison = std::chrono::steady_clock::now() + limits::kReconcilePoll;
      auto compared = co_await compare_all();
      if (!compared) co_return compared.error();
      auto followed = co_await follow_log_if_wanted();
      if (!followed) co_return followed.error();
    }
    // What the reconciler pushed goes out before anything is read.
    if (due_.empty() && !hinted_.empty()) {
      auto compared = co_await compare_hinted();
      if (!compared) co_return compared.error();
    }
    while (!due_.empty() || !removed_due_.empty()) {
      wire::Desired message;
      while (!due_.empty() && message.sessions.size() < wire::kSessionsPerMessage) {
        message.sessions.push_back(std::move(due_.begin()->second));
        due_.erase(due_.begin());
      }
      message.removed_sessions.assign(removed_due_.begin(), removed_due_.end());
      removed_due_.clear();
      auto sent = co_await send(std::move(message));
      if (!sent) co_return sent.error();
    }
    if (words_lost_) co_return fail(Code::kUnavailable, "the agent takes no messages");
    while (auto word = words_.try_receive()) {
      auto sent = co_await socket_.write(std::move(*word));
      if (!sent) co_return sent.error();
    }
    if (images_due_) {
      auto sent = co_await send_images_if_changed();
      if (!sent) co_return sent.error();
    }
    auto const left = next_comparison - std::chrono::steady_clock::now();
    if (left > std::chrono::seconds(0) && wake_.count() == seen) {
      auto something = wake_.wait_after(seen);
      (void)co_await with_deadline(std::move(something), left, "next comparison");
    }
  }
}

// agent → manager

Async<Result<>> AgentChannel::take(wire::ObservedSession observed) {
  for (int round = 0; round < kJudgements; ++round) {
    auto row = co_await store::find_session(database_, observed.id);
    if (!row) co_return row.error();
    auto judgement = judge(*row, agent_, observed);
    if (judgement.step && observed.state != "gone") ORIEL_FAILPOINT(kManagerSessionObserved);
    if (observed.state == "gone") ORIEL_FAILPOINT(kManagerSessionGone);
    if (judgement.end_stray) {
      if (strays_.contains(observed.id)) co_return Result<>();
      log::warning("an agent holds a session that is not its own; it is told to end it",
                   {{"agent", agent_}, {"session", observed.id}, {"state", observed.state}});
      strays_.insert(observed.id);
      due_.insert_or_assign(observed.id, end_of_stray(observed));
      wake_.notify();
      co_return Result<>();
    }
    if (observed.state == "gone" && strays_.erase(observed.id) != 0) {
      unwant(observed.id);
      wake_.notify();
      co_return Result<>();
    }
    if (judgement.release) {
      auto released = co_await store::release_session(database_, observed.id, (*row)->attempt);
      if (!released) co_return released.error();
      look_at(observed.id);
      co_return Result<>();
    }
    if (judgement.usage) {
      auto recorded =
          co_await store::record_session_usage(database_, observed.id, (*row)->attempt, *judgement.usage);
      if (!recorded) co_return recorded.error();
      ORIEL_FAILPOINT(kManagerUsageRecorded);
    }
    if (!judgement.step) co_return Result<>();

    store::Actor actor;
    actor.kind = "agent";
    actor.id = agent_.text();
    auto step = std::move(*judgement.step);
    bool const moves = step.patch.state.has_value();
    auto advanced = co_await store::advance_session(database_, observed.id, (*row)->generation, step.cause,
                                                    std::move(step.patch), std::move(actor));
    if (!advanced && advanced.error().code != Code::kConflict) co_return advanced.error();
    if (advanced && *advanced && moves) {
      ORIEL_FAILPOINT(kManagerSessionMoved);
      log::info("session moved", {{"session", observed.id}, {"state", domain::text((*advanced)->state)}});
    }
    if (advanced && *advanced && !moves) co_return Result<>();
    // Moved, or somebody else moved it: judge the row as it is now.
  }
  co_return Result<>();
}

Async<Result<>> AgentChannel::take(wire::LogLines log) {
  auto const now = std::chrono::steady_clock::now();
  if (!log_followed_ || now < next_log_) co_return Result<>();
  next_log_ = now + limits::kLogPace / 2;
  if (log.lines.size() > limits::kLogLinesPerMessage) log.lines.resize(limits::kLogLinesPerMessage);
  for (auto& line : log.lines) {
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    line = to_utf8(line, limits::kLogRingLineBytes);
  }
  co_return co_await store::record_agent_log(database_, agent_, std::move(log.lines));
}

Async<Result<>> AgentChannel::read_loop() {
  for (;;) {
    auto message = co_await socket_.read();
    if (!message) co_return message.error();
    auto value = json::parse(message->data);
    if (!value) co_return value.error();
    auto envelope = json::read<wire::Envelope>(*value, json::Unknown::kIgnore);
    if (!envelope) co_return envelope.error();
    if (envelope->type == "observed") {
      auto observed = json::read<wire::Observed>(*value, json::Unknown::kIgnore);
      if (!observed) co_return observed.error().within("read observed");
      for (auto& session : observed->sessions) {
        auto taken = co_await take(std::move(session));
        if (!taken) co_return taken.error();
      }
    } else if (envelope->type == "heartbeat") {
      auto heartbeat = json::read<wire::Heartbeat>(*value, json::Unknown::kIgnore);
      if (!heartbeat) co_return heartbeat.error().within("read heartbeat");
      auto resources = json::write(heartbeat->resources).as_object();
      auto checked_in = co_await store::check_in(database_, agent_, std::move(resources), heartbeat->sent_at);
      if (!checked_in) co_return checked_in.error();
    } else if (envelope->type == "inventory") {
      auto inventory = json::read<wire::Inventory>(*value, json::Unknown::kIgnore);
      if (!inventory) co_return inventory.error().within("read inventory");
      if (inventory->images.size() > 2 * limits::kAgentImages)
        inventory->images.resize(2 * limits::kAgentImages);
      if (inventory->networks.size() > kNetworks) inventory->networks.resize(kNetworks);
      auto images = json::write(inventory->images).as_array();
      auto networks = json::write(inventory->networks).as_array();
      auto recorded =
          co_await store::record_inventory(database_, agent_, std::move(images), std::move(networks));
      if (!recorded) co_return recorded.error();
    } else if (envelope->type == "log_lines") {
      auto lines = json::read<wire::LogLines>(*value, json::Unknown::kIgnore);
      if (!lines) co_return lines.error().within("read log_lines");
      auto taken = co_await take(std::move(*lines));
      if (!taken) co_return taken.error();
    } else {
      co_return fail(Code::kInvalid, "a message of an unknown type");
    }
  }
}

// the set of them

bool AgentChannels::add(AgentChannel& channel) {
  auto const found = channels_.find(channel.agent());
  if (found != channels_.end()) {
    found->second->replace();
    found->second = &channel;
    return true;
  }
  if (channels_.size() >= limits::kChannels) return false;
  channels_.emplace(channel.agent(), &channel);
  return true;
}

void AgentChannels::remove(AgentChannel const& channel) {
  auto const found = channels_.find(channel.agent());
  if (found != channels_.end() && found->second == &channel) channels_.erase(found);
}

AgentChannel* AgentChannels::find(AgentId agent) const {
  auto const found = channels_.find(agent);
  return found == channels_.end() ? nullptr : found->second;
}

std::vector<AgentChannel*> AgentChannels::all() const {
  std::vector<AgentChannel*> list;
  for (auto const& [id, channel] : channels_) list.push_back(channel);
  return list;
}

}  // namespace oriel::manager
