#include "cli/engine_work.h"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "libs/async/deadline.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "libs/http/client.h"

namespace oriel::cli {
namespace {

constexpr std::chrono::seconds kStopGrace{15};
constexpr std::chrono::seconds kReadyCall{5};
constexpr std::size_t kLogTail = 30;

Async<> keep(std::function<Async<Result<int>>(Executor)>& work, Executor executor,
             std::optional<Result<int>>& into) {
  auto outcome = co_await work(executor);
  into.emplace(std::move(outcome));
}

std::string label_of(docker::Labels const& labels, char const* name) {
  auto const found = labels.find(name);
  return found == labels.end() ? std::string() : found->second;
}

}  // namespace

Result<int> run_to_end(std::function<Async<Result<int>>(Executor)> work) {
  boost::asio::io_context loop(1);
  std::optional<Result<int>> outcome;
  std::exception_ptr failure;
  boost::asio::co_spawn(loop, keep(work, loop.get_executor(), outcome), [&](std::exception_ptr what) {
    failure = what;
    loop.stop();  // idle connections and their timers would keep it for seconds
  });
  loop.run();
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (std::exception const& problem) {
    return fail(Code::kInternal, problem.what());
  }
  if (!outcome) return fail(Code::kInternal, "the command ended without an answer");
  return *outcome;
}

Async<Result<Change>> ensure_container(docker::Engine& engine, ServiceContainer const& wanted) {
  auto const present = co_await engine.inspect_container(wanted.name);
  if (!present && present.error().code != Code::kNotFound) co_return present.error();
  Change change = Change::kCreated;
  if (present) {
    if (label_of(present->labels, "oriel.service") != wanted.service) {
      co_return fail(Code::kConflict, "a container named " + wanted.name +
                                          " exists and is not ours; remove it or choose another --instance");
    }
    if (label_of(present->labels, "oriel.spec") == wanted.spec_hash) {
      // An `oriel down`, also one that was cut short, has taken it away.
      auto const restarts = co_await engine.set_restart_policy(present->id, kRestartPolicy);
      if (!restarts) co_return restarts.error().within("have " + wanted.name + " restarted");
      if (present->state.running) co_return Change::kKept;
      auto const started = co_await engine.start_container(present->id);
      if (!started) co_return started.error().within("start " + wanted.name);
      co_return Change::kStarted;
    }
    auto const stopped = co_await engine.stop_container(present->id, kStopGrace);
    if (!stopped && stopped.error().code != Code::kNotFound)
      co_return stopped.error().within("stop " + wanted.name);
    auto const removed = co_await engine.remove_container(present->id);
    if (!removed) co_return removed.error().within("remove " + wanted.name);
    change = Change::kReplaced;
  }
  auto spec = wanted.spec;
  auto const created = co_await engine.create_container(wanted.name, std::move(spec));
  if (!created) co_return created.error().within("create " + wanted.name);
  auto const started = co_await engine.start_container(*created);
  if (!started) co_return started.error().within("start " + wanted.name);
  co_return change;
}

Async<Result<std::string>> run_one_shot(docker::Engine& engine, std::string name, json::Object spec,
                                        std::chrono::seconds deadline) {
  auto const stale = co_await engine.remove_container(name);  // of a run that was cut short
  if (!stale && stale.error().code != Code::kNotFound) co_return stale.error().within("remove " + name);
  auto const id = co_await engine.create_container(name, std::move(spec));
  if (!id) co_return id.error().within("create " + name);
  auto const started = co_await engine.start_container(*id);
  if (!started) {
    (void)co_await engine.remove_container(*id);
    co_return started.error().within("start " + name);
  }
  auto waiting = engine.wait_container(*id);
  auto const code = co_await with_deadline(std::move(waiting), deadline, "run " + name);
  std::size_t const lines = code && *code == 0 ? 10'000 : kLogTail;
  auto const output = co_await engine.logs(*id, lines);
  (void)co_await engine.remove_container(*id);
  if (!code) co_return code.error();
  auto const text = output ? *output : output.error().message;
  if (*code != 0)
    co_return fail(Code::kInternal,
                   name + " ended with status " + std::to_string(*code) + ":\n" + std::string(trim(text)));
  co_return text;
}

Async<Readiness> readiness(Executor executor, std::string socket) {
  http::Client client(executor, Endpoint::unix_path(socket));
  http::ClientRequest request;
  request.target = "/ready";
  request.deadline = kReadyCall;
  auto const answer = co_await client.send(std::move(request));
  Readiness found;
  if (!answer) {
    found.missing = answer.error().message;
    co_return found;
  }
  found.ready = answer->status == 200;
  auto const body = json::parse(answer->body);
  if (!body || !body->is_object()) {
    if (!found.ready) found.missing = "status " + std::to_string(answer->status);
    co_return found;
  }
  if (auto const* version = body->get_object().if_contains("version");
      version != nullptr && version->is_string()) {
    found.version = std::string(version->get_string());
  }
  if (!found.ready) {
    auto const* missing = body->get_object().if_contains("missing");
    found.missing = missing != nullptr ? json::text(*missing) : answer->body.substr(0, 300);
  }
  co_return found;
}

}  // namespace oriel::cli
