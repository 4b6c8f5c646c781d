#include <set>

#include "libs/async/backoff.h"
#include "libs/async/first_of.h"
#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/base/log.h"
#include "libs/redis/connection.h"

namespace oriel::redis {

namespace {
/// How often a silent subscription is asked whether it lives: half-open connections make no noise.
constexpr auto kLifeSign = std::chrono::seconds(10);
}  // namespace

struct Subscriber::State : std::enable_shared_from_this<Subscriber::State> {
  State(Executor the_executor, RedisOptions the_options)
      : executor(the_executor), options(std::move(the_options)), tasks(std::move(the_executor)) {}

  void take(Result<Reply> const& reply) {
    heard = true;
    if (!reply || reply->kind != Reply::Kind::kArray || reply->elements.size() < 3) return;
    if (reply->elements[0].text == "message") on_message(reply->elements[1].text, reply->elements[2].text);
  }

  Result<> say(std::string const& verb, std::string const& channel) {
    std::weak_ptr<State> const weak = weak_from_this();
    Connection::OnReply on_reply = [weak](Result<Reply> reply) {
      if (auto const self = weak.lock()) self->take(reply);
    };
    return connection->send({verb, channel}, std::move(on_reply), true);
  }

  Async<> run() {
    Backoff backoff;
    bool said = false;
    for (;;) {
      auto connected = co_await Connection::connect(executor, options);
      if (connected) {
        backoff.reset();
        said = false;
        connection = std::move(*connected);
        // A subscription of our own keeps the connection in that state also without any other channel.
        bool good = say("SUBSCRIBE", "oriel.life").has_value();
        for (auto const& channel : channels) good = good && say("SUBSCRIBE", channel).has_value();
        if (good && on_resynchronise) on_resynchronise();
        auto const current = connection;
        auto closing = current->until_closed();
        auto watching = watch(current);
        co_await first_of(std::move(closing), std::move(watching));
        current->close();
        connection.reset();
      } else if (!said) {
        log::warning("cannot subscribe to Redis, trying again", {{"reason", connected.error()}});
        said = true;
      }
      co_await backoff.wait();
    }
  }

  /// Ends when the server has been silent for two life signs.
  Async<> watch(std::shared_ptr<Connection> current) {
    for (;;) {
      heard = false;
      if (!say("SUBSCRIBE", "oriel.life")) co_return;
      co_await sleep_for(kLifeSign);
      if (!heard) co_return;
    }
  }

  Executor executor;
  RedisOptions options;
  OnMessage on_message;
  OnResynchronise on_resynchronise;
  std::set<std::string> channels;
  std::shared_ptr<Connection> connection;
  bool heard = false;
  TaskGroup tasks;
};

Subscriber::Subscriber(Executor executor, RedisOptions options, OnMessage on_message,
                       OnResynchronise on_resynchronise)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {
  state_->on_message = std::move(on_message);
  state_->on_resynchronise = std::move(on_resynchronise);
  state_->tasks.spawn(state_->run(), "subscribe to Redis");
}
Subscriber::~Subscriber() = default;

void Subscriber::subscribe(std::string channel) {
  auto const [entry, added] = state_->channels.insert(std::move(channel));
  // What fails here is done again when the connection comes back.
  if (added && state_->connection) (void)state_->say("SUBSCRIBE", *entry);
}

void Subscriber::unsubscribe(std::string channel) {
  if (state_->channels.erase(channel) > 0 && state_->connection) (void)state_->say("UNSUBSCRIBE", channel);
}

bool Subscriber::connected() const { return state_->connection && state_->connection->is_open(); }

Async<> Subscriber::stop() {
  auto const state = state_;
  co_await state->tasks.stop();
  if (state->connection) state->connection->close();
  state->connection.reset();
}

}  // namespace oriel::redis
