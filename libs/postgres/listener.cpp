#include "libs/postgres/listener.h"

#include "libs/async/backoff.h"
#include "libs/async/task_group.h"
#include "libs/base/log.h"
#include "libs/postgres/connection.h"

namespace oriel::postgres {

namespace {

std::string quoted(std::string const& name) {
  std::string text = "\"";
  for (char const c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

}  // namespace

struct Listener::State {
  State(Executor the_executor, DatabaseOptions the_options)
      : executor(the_executor), options(std::move(the_options)), tasks(std::move(the_executor)) {}

  Async<Result<>> listen_once(Backoff& backoff) {
    auto connected = co_await Connection::connect(executor, options);
    if (!connected) co_return connected.error();
    auto& connection = **connected;
    for (auto const& channel : channels) {
      auto done = co_await connection.query("listen " + quoted(channel));
      if (!done) co_return done.error();
    }
    backoff.reset();
    listening = true;
    if (on_resynchronise) on_resynchronise();
    std::function<void(std::string, std::string)> on_one = [this](std::string channel, std::string payload) {
      Notification const notification{std::move(channel), std::move(payload)};
      on_notification(notification);
    };
    auto ended = co_await connection.notifications(std::move(on_one));
    co_return ended;
  }

  Async<> run() {
    Backoff backoff;
    for (;;) {
      auto ended = co_await listen_once(backoff);
      listening = false;
      log::warning("listening to the database ended, coming back", {{"reason", ended.error()}});
      co_await backoff.wait();
    }
  }

  Executor executor;
  DatabaseOptions options;
  std::vector<std::string> channels;
  OnNotification on_notification;
  OnResynchronise on_resynchronise;
  bool listening = false;
  TaskGroup tasks;
};

Listener::Listener(Executor executor, DatabaseOptions options, std::vector<std::string> channels,
                   OnNotification on_notification, OnResynchronise on_resynchronise)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {
  state_->channels = std::move(channels);
  state_->on_notification = std::move(on_notification);
  state_->on_resynchronise = std::move(on_resynchronise);
  state_->options.application_name += " listener";
  state_->tasks.spawn(state_->run(), "listen to the database");
}

Listener::~Listener() = default;

Async<> Listener::stop() {
  auto state = state_;
  co_await state->tasks.stop();
  state->listening = false;
}

bool Listener::listening() const { return state_->listening; }

}  // namespace oriel::postgres
