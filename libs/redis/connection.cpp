#include "libs/redis/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "libs/async/deadline.h"
#include "libs/base/text.h"

namespace oriel::redis {

namespace net = boost::asio;

Result<Reply> convert(redisReply const* reply) {
  Reply made;
  switch (reply->type) {
    case REDIS_REPLY_ERROR: {
      std::string_view const text(reply->str, reply->len);
      auto code = Code::kInvalid;
      if (text.starts_with("NOAUTH") || text.starts_with("NOPERM") || text.starts_with("WRONGPASS"))
        code = Code::kForbidden;
      if (text.starts_with("LOADING") || text.starts_with("MASTERDOWN") || text.starts_with("READONLY"))
        code = Code::kUnavailable;
      return fail(code, "redis: " + std::string(text));
    }
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_STRING:
      made.kind = reply->type == REDIS_REPLY_STATUS ? Reply::Kind::kStatus : Reply::Kind::kText;
      made.text.assign(reply->str, reply->len);
      break;
    case REDIS_REPLY_INTEGER:
      made.kind = Reply::Kind::kInteger;
      made.integer = reply->integer;
      break;
    case REDIS_REPLY_ARRAY:
      made.kind = Reply::Kind::kArray;
      made.elements.reserve(reply->elements);
      for (std::size_t i = 0; i < reply->elements; ++i) {
        auto element = convert(reply->element[i]);
        if (!element) return element.error();
        made.elements.push_back(std::move(*element));
      }
      break;
    default:
      break;
  }
  return made;
}

/// Turns hiredis' wishes to read and write into waits on the descriptor. Owned by the hiredis context; its
/// waits hold it alive through a shared pointer and look whether the context still exists.
struct Connection::Adapter : std::enable_shared_from_this<Connection::Adapter> {
  Adapter(Executor const& executor, redisAsyncContext* the_context)
      : context(the_context), socket(executor, the_context->c.fd) {}

  void want_read() {
    if (reading) return;
    reading = true;
    socket.async_wait(net::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](boost::system::error_code error) {
                        self->reading = false;
                        if (error || self->context == nullptr) return;
                        redisAsyncHandleRead(self->context);
                        // hiredis asks for the next read itself, while it wants one.
                      });
  }
  void want_write() {
    if (writing) return;
    writing = true;
    socket.async_wait(net::posix::stream_descriptor::wait_write,
                      [self = shared_from_this()](boost::system::error_code error) {
                        self->writing = false;
                        if (error || self->context == nullptr) return;
                        redisAsyncHandleWrite(self->context);
                      });
  }
  void end() {
    context = nullptr;
    socket.release();  // hiredis closes the descriptor itself.
  }

  static std::shared_ptr<Adapter>& of(void* data) { return *static_cast<std::shared_ptr<Adapter>*>(data); }

  redisAsyncContext* context;
  net::posix::stream_descriptor socket;
  bool reading = false;
  bool writing = false;
};

Connection::Connection(Executor executor) : executor_(executor), connected_(executor), closed_(executor) {}

Connection::~Connection() { close(); }

void Connection::close() {
  if (context_ == nullptr) return;
  auto* const context = std::exchange(context_, nullptr);
  // Freed within one of its own callbacks it dies a little later, perhaps after us.
  context->data = nullptr;
  redisAsyncFree(context);
  connected_.set();
  closed_.set();
}

Async<> Connection::until_closed() {
  auto const self = shared_from_this();
  co_await closed_.wait();
}

Async<Result<std::shared_ptr<Connection>>> Connection::connect(Executor executor, RedisOptions options) {
  std::shared_ptr<Connection> connection(new Connection(std::move(executor)));
  auto const limit = options.connect_deadline;
  auto opening = connection->open(std::move(options));
  auto opened = co_await with_deadline(std::move(opening), limit, "redis: connect");
  if (!opened) {
    connection->close();
    co_return opened.error();
  }
  co_return connection;
}

Async<Result<>> Connection::open(RedisOptions options) {
  switch (options.endpoint.kind) {
    case Endpoint::Kind::kUnix:
      context_ = redisAsyncConnectUnix(options.endpoint.path.c_str());
      break;
    case Endpoint::Kind::kTcp:
      context_ = redisAsyncConnect(options.endpoint.host.c_str(), options.endpoint.port);
      break;
    case Endpoint::Kind::kTls:
      co_return fail(Code::kUnsupported, "redis: hiredis 0.14 speaks no TLS, use unix or tcp");
  }
  if (context_ == nullptr || context_->err != 0) {
    co_return fail(
        Code::kUnavailable,
        "redis: connect: " + std::string(context_ == nullptr ? "out of memory" : context_->errstr));
  }
  auto* const context = context_;
  context->data = this;
  context->ev.data = new std::shared_ptr<Adapter>(std::make_shared<Adapter>(executor_, context));
  context->ev.addRead = [](void* data) { Adapter::of(data)->want_read(); };
  context->ev.addWrite = [](void* data) { Adapter::of(data)->want_write(); };
  // A wait that is not wanted any more is harmless: hiredis finds nothing to do.
  context->ev.delRead = [](void*) {};
  context->ev.delWrite = [](void*) {};
  context->ev.cleanup = [](void* data) {
    Adapter::of(data)->end();
    delete static_cast<std::shared_ptr<Adapter>*>(data);
  };
  redisAsyncSetConnectCallback(context, [](redisAsyncContext const* of, int status) {
    auto* const self = static_cast<Connection*>(of->data);
    if (self == nullptr) return;
    if (status != REDIS_OK) {
      // hiredis frees the context after this.
      self->failure_ = of->errstr == nullptr || *of->errstr == 0 ? "refused" : of->errstr;
      self->context_ = nullptr;
      self->closed_.set();
    }
    self->connected_.set();
  });
  redisAsyncSetDisconnectCallback(context, [](redisAsyncContext const* of, int) {
    auto* const self = static_cast<Connection*>(of->data);
    if (self == nullptr) return;
    if (self->context_ == of) self->context_ = nullptr;
    self->closed_.set();
  });
  co_await connected_.wait();
  if (context_ == nullptr) co_return fail(Code::kUnavailable, "redis: connect: " + failure_);
  if (!options.password.empty()) {
    std::vector<std::string> arguments{"AUTH"};
    if (!options.user.empty()) arguments.push_back(options.user);
    arguments.push_back(options.password);
    auto reply = co_await ask(std::move(arguments));
    if (!reply) co_return reply.error();
  }
  std::vector<std::string> ping{"PING"};
  auto reply = co_await ask(std::move(ping));
  if (!reply) co_return reply.error();
  co_return Result<>();
}

Async<Result<Reply>> Connection::ask(std::vector<std::string> arguments) {
  struct Wait {
    explicit Wait(Executor const& executor) : done(executor) {}
    Event done;
    std::optional<Result<Reply>> reply;
  };
  auto const wait = std::make_shared<Wait>(executor_);
  OnReply on_reply = [wait](Result<Reply> reply) {
    wait->reply = std::move(reply);
    wait->done.set();
  };
  auto sent = send(arguments, std::move(on_reply));
  if (!sent) co_return sent.error();
  co_await wait->done.wait();
  co_return std::move(*wait->reply);
}

Result<> Connection::send(std::vector<std::string> const& arguments, OnReply on_reply, bool subscription) {
  if (context_ == nullptr) return fail(Code::kUnavailable, "redis: not connected");
  if (pending_ >= limits::kRedisPending)
    return fail(Code::kUnavailable, "redis: too many commands wait for an answer");
  std::vector<char const*> pointers;
  std::vector<std::size_t> sizes;
  for (auto const& argument : arguments) {
    pointers.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  struct Call {
    std::weak_ptr<Connection> connection;
    OnReply on_reply;
  };
  int sent = REDIS_ERR;
  if (subscription) {
    // hiredis keeps one function and datum per channel: all of ours are the same, owned by this connection.
    if (!on_message_) on_message_ = std::make_shared<OnReply>(std::move(on_reply));
    sent = redisAsyncCommandArgv(
        context_,
        [](redisAsyncContext*, void* reply, void* data) {
          if (reply == nullptr) return;
          auto const keep = *static_cast<OnReply*>(data);
          keep(convert(static_cast<redisReply*>(reply)));
        },
        on_message_.get(), static_cast<int>(pointers.size()), pointers.data(), sizes.data());
  } else {
    auto call = std::make_unique<Call>(Call{weak_from_this(), std::move(on_reply)});
    ++pending_;
    sent = redisAsyncCommandArgv(
        context_,
        [](redisAsyncContext*, void* reply, void* data) {
          std::unique_ptr<Call> const made(static_cast<Call*>(data));
          if (auto const self = made->connection.lock()) --self->pending_;
          if (reply == nullptr) {
            made->on_reply(fail(Code::kUnavailable, "redis: the connection was lost"));
          } else {
            made->on_reply(convert(static_cast<redisReply*>(reply)));
          }
        },
        call.get(), static_cast<int>(pointers.size()), pointers.data(), sizes.data());
    if (sent == REDIS_OK) {
      (void)call.release();
    } else {
      --pending_;
    }
  }
  if (sent != REDIS_OK) return fail(Code::kUnavailable, "redis: the connection is ending");
  return {};
}

}  // namespace oriel::redis
