#include "services/agent/session_keeper.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "libs/async/backoff.h"
#include "libs/async/deadline.h"
#include "libs/async/failpoint.h"
#include "libs/async/sleep.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::agent;
using namespace std::chrono_literals;

constexpr int kServerFaults = 3;  // answers "internal" to a create before it counts as refused
constexpr auto kEndRetryLongest = 5000ms;

std::string gibibytes(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0));
  return text;
}

/// What a person reads for a step, in "it stopped at: …".
std::string words_of(std::string const& step) {
  if (step == "control" || step == "waiting") return "preparing";
  if (step == "container") return "creating the container";
  if (step == "display") return "waiting for the display server";
  if (step == "x") return "starting the display";
  if (step == "wallpaper") return "painting the wallpaper";
  if (step == "application") return "waiting for the application's first window";
  return step;
}

int progress_of(std::string const& step) {
  if (step == "x") return 50;
  if (step == "wallpaper") return 60;
  if (step == "application") return 75;
  return 45;
}

protocol::broker::CreateSession creation_of(wire::DesiredSession const& desired) {
  protocol::broker::CreateSession wanted;
  wanted.attempt = desired.attempt;
  wanted.generation = desired.generation;
  if (desired.image_id) {
    wanted.image = *desired.image_id;
  } else if (desired.image_digest) {
    auto const name = split(desired.image_reference, '@').front();
    wanted.image = std::string(name) + "@" + *desired.image_digest;
  } else {
    wanted.image = desired.image_reference;
  }
  wanted.cores = desired.cores;
  wanted.memory_bytes = desired.memory_bytes;
  wanted.shm_bytes = desired.shm_bytes;
  wanted.pids = desired.pids;
  wanted.network = desired.network;
  wanted.environment = desired.environment;
  wanted.hostname = desired.hostname;
  wanted.runtime = desired.runtime;
  wanted.width = desired.begin.width;
  wanted.height = desired.begin.height;
  wanted.home = desired.home;
  return wanted;
}

}  // namespace

SessionKeeper::SessionKeeper(KeeperContext const& context, SessionId session)
    : context_(context),
      session_(session),
      created_(context.options.state_directory, session),
      changed_(context.executor),
      tasks_(context.executor) {
  tasks_.spawn(run(), "session " + session.text());
}

void SessionKeeper::wake() { changed_.notify(); }

bool SessionKeeper::ending_wanted() const { return desired_ && desired_->desired == "ended"; }

void SessionKeeper::want(wire::DesiredSession desired) {
  bool const older =
      desired.attempt < attempt_ || (desired.attempt == attempt_ && desired.generation < generation_);
  if (older) {
    log::info("refused an older wish for a session", {{"session", session_},
                                                      {"attempt", desired.attempt},
                                                      {"generation", desired.generation},
                                                      {"held_attempt", attempt_},
                                                      {"held_generation", generation_}});
    return;
  }
  attempt_ = desired.attempt;
  generation_ = desired.generation;
  desired_ = std::move(desired);
  if (control_) control_->set_begin(desired_->begin);
  if (!desired_->revoked_viewers.empty()) close_viewers(desired_->revoked_viewers, "access was withdrawn");
  wake();
}

void SessionKeeper::take_container(protocol::broker::SessionContainer const& container) {
  container_id_ = container.container_id;
  if (!container.runtime.empty()) runtime_ = container.runtime;
  if (container.started_at) started_at_ = container.started_at;
  container_seen_ = context_.clock.steady_now();
  context_.changed(session_);
}

void SessionKeeper::see_container(protocol::broker::SessionContainer const& container) {
  if (container.attempt < attempt_) return;  // launch() removes it before it makes the newer one
  if (phase_ == Phase::kEnding || phase_ == Phase::kGone) return;
  if (phase_ == Phase::kAbsent && !launch_began_) {
    // Made but never started: whoever made it died in between. The launch goes on with it.
    if (container.state == "created" && !created_.is_set(container.attempt)) return;
    // It was there before us: we were restarted, the session was not.
    attempt_ = container.attempt;
    if (container.generation > generation_) generation_ = container.generation;
    take_container(container);
    enter(Phase::kStarting, "display", 45);
    wake();
  }
  bool const dead = container.state == "exited" || container.state == "dead";
  if (!dead) {
    container_seen_ = context_.clock.steady_now();
    return;
  }
  if (phase_ == Phase::kStarting || phase_ == Phase::kRunning) {
    if (!death_) death_ = Death{container.exit_code, container.oom_killed, container.error};
    wake();
  }
}

void SessionKeeper::see_no_container(SteadyTime asked) {
  bool const should_be_there = (phase_ == Phase::kStarting || phase_ == Phase::kRunning) && !death_;
  if (!should_be_there || !container_seen_ || *container_seen_ >= asked) return;
  fail_now("container_lost", "The session's container was removed by somebody outside Oriel.");
}

void SessionKeeper::see_event(protocol::broker::Event const& event) {
  if (event.attempt != attempt_) return;
  if (phase_ != Phase::kStarting && phase_ != Phase::kRunning) return;
  if (event.event == "died") {
    if (!death_) death_ = Death{event.exit_code, event.oom_killed, {}};
    wake();
  } else if (event.event == "removed" && !death_) {
    fail_now("container_lost", "The session's container was removed by somebody outside Oriel.");
  }
}

void SessionKeeper::see_usage(protocol::broker::SessionUsage const& usage) {
  auto const cpu_moved = usage.cpu > cpu_ + 0.05 || usage.cpu < cpu_ - 0.05;
  auto const memory_moved = std::abs(usage.memory_bytes - memory_bytes_) * 20 > memory_bytes_;
  if (!cpu_moved && !memory_moved) return;
  cpu_ = usage.cpu;
  memory_bytes_ = usage.memory_bytes;
  context_.changed(session_);
}

void SessionKeeper::close_viewers(std::vector<std::string> viewers, std::string reason) {
  protocol::control::CloseViewer message;
  message.viewers = std::move(viewers);
  message.reason = std::move(reason);
  if (control_) return control_->close_viewer(std::move(message));
  // After a restart of ours the manager's word may come before we know of the container.
  if (closes_due_.size() >= limits::kRevocationsPending) {
    log::warning("more viewers were revoked than are kept for a session that is not looked at yet",
                 {{"session", session_}});
    closes_due_.pop_front();
  }
  closes_due_.push_back(std::move(message));
}

wire::ObservedSession SessionKeeper::observed() const {
  wire::ObservedSession seen;
  seen.id = session_;
  seen.attempt = attempt_;
  seen.generation = generation_;
  switch (phase_) {
    case Phase::kAbsent:
      seen.state = "absent";
      break;
    case Phase::kCreating:
      seen.state = "creating";
      break;
    case Phase::kStarting:
      seen.state = "starting";
      break;
    case Phase::kRunning:
      seen.state = "running";
      break;
    case Phase::kEnding:
      seen.state = "ending";
      break;
    case Phase::kGone:
      seen.state = "gone";
      break;
    case Phase::kFailed:
      seen.state = "failed";
      break;
  }
  seen.step = step_;
  seen.progress = progress_;
  seen.reason_code = reason_code_;
  seen.reason = reason_;
  seen.log_tail = log_tail_;
  seen.container_id = container_id_;
  seen.started_at = started_at_;
  seen.runtime = runtime_;
  seen.protocol = protocol_;
  seen.viewers = viewers_;
  if (last_input_) seen.last_input_at = rfc3339(*last_input_);
  seen.cpu = cpu_;
  seen.memory_bytes = memory_bytes_;
  return seen;
}

void SessionKeeper::enter(Phase phase, std::string step, int progress) {
  bool const same = phase_ == phase && step_ == step;
  phase_ = phase;
  step_ = std::move(step);
  progress_ = progress;
  if (!same) context_.changed(session_);
}

std::optional<SteadyTime> SessionKeeper::start_deadline() const {
  bool const starting = phase_ == Phase::kCreating || phase_ == Phase::kStarting;
  // An adopted session may have been running for days before we came: the manager's own deadline judges it.
  if (!starting || !launch_began_ || !desired_) return std::nullopt;
  return *launch_began_ + std::chrono::seconds(desired_->start_deadline_seconds);
}

Async<> SessionKeeper::run() {
  for (;;) {
    auto const seen = changed_.count();
    co_await act();
    auto const deadline = start_deadline();
    if (deadline) {
      auto const left = *deadline - context_.clock.steady_now();
      if (left > 0s && changed_.count() == seen) {
        auto something = changed_.wait_after(seen);
        (void)co_await with_deadline(std::move(something), left, "session start");
      }
    } else {
      co_await changed_.wait_after(seen);
    }
  }
}

Async<> SessionKeeper::act() {
  if (ending_wanted()) {
    if (phase_ != Phase::kGone) co_await end();
    co_return;
  }
  if (phase_ == Phase::kGone || phase_ == Phase::kFailed) co_return;

  if (death_) {
    auto const death = *death_;
    co_await fail_dead_container(death.exit_code, death.oom_killed, death.words);
    co_return;
  }
  auto const deadline = start_deadline();
  if (deadline && context_.clock.steady_now() >= *deadline) {
    auto reason = "The start took longer than " + std::to_string(desired_->start_deadline_seconds) +
                  " s; it stopped at: " + words_of(step_) + ".";
    co_await fail_with_log("start_timeout", std::move(reason));
    co_return;
  }
  if (phase_ == Phase::kAbsent && desired_) {
    co_await launch();
    co_return;
  }
  if ((phase_ == Phase::kStarting || phase_ == Phase::kRunning) && !control_) {
    if (!open_control()) {
      co_await sleep_for(limits::kBackoffLongest);
      wake();
    }
  }
}

bool SessionKeeper::open_control() {
  if (control_) return true;
  ControlServer::Events events;
  events.hello = [this](protocol::control::Hello const& hello) {
    protocol_ = hello.protocol;  // which runtime it is, the broker knows; a container may say anything
    if (phase_ == Phase::kStarting && step_ == "display") enter(Phase::kStarting, "x", 50);
  };
  events.state = [this](protocol::control::State const& state) { told(state); };
  events.viewers = [this](protocol::control::Viewers const& viewers) { told(viewers); };
  events.lost = [this] {
    if (viewers_ == 0) return;
    viewers_ = 0;  // whoever was there says so again after its hello
    context_.changed(session_);
  };
  auto control = ControlServer::open(context_.executor, context_.options, session_, std::move(events));
  if (!control) {
    log::error("the control socket cannot be opened", {{"session", session_}, {"error", control.error()}});
    return false;
  }
  control_ = std::move(*control);
  if (desired_) control_->set_begin(desired_->begin);
  for (auto& close : std::exchange(closes_due_, {})) control_->close_viewer(std::move(close));
  return true;
}

void SessionKeeper::told(protocol::control::State const& state) {
  // Running stays running: X may restart inside. The display server may be faster than the broker's answer.
  if (phase_ != Phase::kCreating && phase_ != Phase::kStarting) return;
  if (state.state == "running") {
    enter(Phase::kRunning, "ready", 100);
    log::info("session is running", {{"session", session_}, {"attempt", attempt_}});
    wake();
    return;
  }
  bool const known = state.step == "x" || state.step == "wallpaper" || state.step == "application";
  if (known && progress_of(state.step) >= progress_)
    enter(Phase::kStarting, state.step, progress_of(state.step));
}

void SessionKeeper::told(protocol::control::Viewers const& viewers) {
  constexpr std::int64_t kMost = 1000;
  viewers_ = std::clamp<std::int64_t>(viewers.count, 0, kMost);
  if (viewers.last_input_seconds && *viewers.last_input_seconds >= 0 && *viewers.last_input_seconds < 1e8) {
    auto const ago = std::chrono::microseconds(static_cast<std::int64_t>(*viewers.last_input_seconds * 1e6));
    last_input_ = context_.clock.now() - ago;
  }
  context_.changed(session_);
}

// launch

Async<> SessionKeeper::launch() {
  launch_began_ = context_.clock.steady_now();
  ORIEL_FAILPOINT_PASSED(kAgentSessionWanted);
  if (created_.is_set(attempt_)) {
    co_await find_created();
    co_return;
  }
  if (control_) enter(Phase::kCreating, "container", 20);  // of an attempt that was never created
  Backoff backoff;
  int faults = 0;
  for (;;) {
    if (launch_is_off()) co_return;
    if (!control_) {
      bool const prepared = co_await prepare_control();
      if (!prepared) co_return;
      enter(Phase::kCreating, "container", 20);
    }
    auto wanted = creation_of(*desired_);
    auto const asked_for = wanted.attempt;
    auto container = co_await context_.broker.create(session_, std::move(wanted));
    ORIEL_FAILPOINT_PASSED(kAgentContainerCreated);
    if (ending_wanted()) co_return;
    if (!desired_ || desired_->attempt != asked_for) {
      enter(Phase::kAbsent, "waiting", 0);
      wake();
      co_return;
    }
    if (container && container->attempt != asked_for) {
      // An earlier attempt still holds the name: it goes first, and the control directory with it.
      auto removed = co_await context_.broker.remove(session_);
      co_await close_control();
      if (!removed)
        log::warning("an earlier attempt stays", {{"session", session_}, {"error", removed.error()}});
    } else if (container) {
      take_container(*container);
      created_.set(attempt_);
      ORIEL_FAILPOINT_PASSED(kAgentSessionStarting);
      // The display server may have been faster than the broker's answer.
      if (phase_ == Phase::kCreating) enter(Phase::kStarting, control_->connected() ? "x" : "display", 45);
      bool const dead = container->state == "exited" || container->state == "dead";
      if (dead) death_ = Death{container->exit_code, container->oom_killed, container->error};
      wake();
      co_return;
    } else {
      auto const& error = container.error();
      if (error.code == Code::kInternal) ++faults;
      if (!may_pass(error) || faults >= kServerFaults) {
        auto const missing =
            error.code == Code::kNotFound && error.message.find("image") != std::string::npos;
        auto words = missing ? "This server does not have the workspace's image: "
                             : "The server refused to create the container: ";
        fail_now(missing ? "image_missing" : "start_refused", words + error.message);
        co_return;
      }
      log::warning("creating a container did not succeed yet", {{"session", session_}, {"error", error}});
    }
    auto const deadline = start_deadline();
    if (deadline && context_.clock.steady_now() >= *deadline) {
      wake();
      co_return;
    }
    co_await backoff.wait();
  }
}

/// Asked before every call: what was wanted may have changed during the wait.
bool SessionKeeper::launch_is_off() {
  if (ending_wanted()) return true;
  if (desired_) return false;
  enter(Phase::kAbsent, "waiting", 0);
  return true;
}

/// False: launch is over for now, because it failed, ends, or is judged again by act().
Async<bool> SessionKeeper::prepare_control() {
  enter(Phase::kCreating, "control", 10);
  Backoff backoff;
  int faults = 0;
  for (;;) {
    if (launch_is_off()) co_return false;
    auto const asked_for = desired_->attempt;
    auto made = co_await context_.broker.make_control(session_);
    ORIEL_FAILPOINT_PASSED(kAgentControlMade);
    if (ending_wanted()) co_return false;
    if (!desired_ || desired_->attempt != asked_for) {
      enter(Phase::kAbsent, "waiting", 0);
      wake();
      co_return false;
    }
    if (made) break;
    auto const& error = made.error();
    if (error.code == Code::kInternal) ++faults;
    if (error.code == Code::kNoCapacity) {
      // Nobody knows when there is room again; who waits is told at once.
      fail_now("start_refused", "The server has no room for another session: " + error.message);
      co_return false;
    }
    if (!may_pass(error) || faults >= kServerFaults) {
      fail_now("start_refused", "The server refused to prepare the session: " + error.message);
      co_return false;
    }
    log::warning("making a control directory did not succeed yet", {{"session", session_}, {"error", error}});
    auto const deadline = start_deadline();
    if (deadline && context_.clock.steady_now() >= *deadline) {
      wake();
      co_return false;
    }
    co_await backoff.wait();
  }
  if (open_control()) {
    ORIEL_FAILPOINT_PASSED(kAgentControlOpened);
    co_return true;
  }
  fail_now("agent_fault",
           "The server could not make the session's control socket; an administrator finds the "
           "cause in the agent's log.");
  co_return false;
}

/// We made this attempt's container before a restart of ours. Creating again would start a dead one anew, or
/// make a second one where the first was removed: both would hide a loss.
Async<> SessionKeeper::find_created() {
  Backoff backoff;
  while (!ending_wanted()) {
    auto container = co_await context_.broker.find(session_);
    if (container) {
      launch_began_.reset();
      see_container(*container);
      co_return;
    }
    if (container.error().code == Code::kNotFound) {
      fail_now("container_lost", "The session's container was removed while the agent was away.");
      co_return;
    }
    log::warning("looking for a container did not succeed yet",
                 {{"session", session_}, {"error", container.error()}});
    co_await backoff.wait();
  }
}

// failure

void SessionKeeper::fail_now(std::string code, std::string reason) {
  log::warning("session failed",
               {{"session", session_}, {"attempt", attempt_}, {"code", code}, {"reason", reason}});
  reason_code_ = std::move(code);
  reason_ = to_utf8(reason, limits::kReasonBytes);
  viewers_ = 0;
  remove_stream_socket(context_.options, session_);
  // The last step stays: it says how far the start came.
  phase_ = Phase::kFailed;
  context_.changed(session_);
  wake();
}

Async<> SessionKeeper::fail_with_log(std::string code, std::string reason) {
  auto log = co_await context_.broker.log(session_);
  if (log) {
    auto tail = *log;
    if (tail.size() > limits::kLogTailBytes) tail.erase(0, tail.size() - limits::kLogTailBytes);
    log_tail_ = to_utf8(tail, limits::kLogTailBytes);
  }
  if (!ending_wanted()) fail_now(std::move(code), std::move(reason));
}

Async<> SessionKeeper::fail_dead_container(std::int64_t exit_code, bool oom_killed,
                                           std::string engine_words) {
  if (oom_killed) {
    auto limit = desired_ ? " of " + gibibytes(desired_->memory_bytes) : std::string();
    co_await fail_with_log("out_of_memory", "The session reached its memory limit" + limit +
                                                " and was stopped by the kernel (exit code " +
                                                std::to_string(exit_code) + ").");
    co_return;
  }
  auto reason = "The session's container stopped by itself (exit code " + std::to_string(exit_code) + ").";
  if (!engine_words.empty()) reason += " " + engine_words;
  co_await fail_with_log("container_exited", std::move(reason));
}

// end

Async<> SessionKeeper::end() {
  enter(Phase::kEnding, "ending", 50);
  if (control_) control_->end(desired_->end_reason.value_or("ended"));
  // No new viewers from here on; those who are there read the word that was just sent.
  remove_stream_socket(context_.options, session_);
  ORIEL_FAILPOINT_PASSED(kAgentEndBegun);

  Backoff backoff(limits::kBackoffFirst, kEndRetryLongest);
  for (;;) {
    auto removed = co_await context_.broker.remove(session_);
    if (removed) break;
    log::warning("removing a container did not succeed yet",
                 {{"session", session_}, {"error", removed.error()}});
    co_await backoff.wait();
  }
  ORIEL_FAILPOINT_PASSED(kAgentContainerRemoved);
  co_await close_control();
  // A hello during the end may have made it again.
  while (!remove_stream_socket(context_.options, session_)) {
    log::error("a session's stream socket cannot be removed", {{"session", session_}});
    co_await backoff.wait();
  }
  created_.remove();
  ORIEL_FAILPOINT_PASSED(kAgentControlClosed);
  container_id_.reset();
  viewers_ = 0;
  cpu_ = 0;
  memory_bytes_ = 0;
  enter(Phase::kGone, "gone", 100);
  log::info("session is gone", {{"session", session_}, {"attempt", attempt_}});
}

Async<> SessionKeeper::close_control() {
  if (control_) co_await control_->stop();
  control_.reset();
}

Async<> SessionKeeper::stop() {
  co_await tasks_.stop();
  co_await close_control();
}

}  // namespace oriel::agent
