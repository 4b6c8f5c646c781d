#include "libs/postgres/connection.h"

#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "libs/async/deadline.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"

namespace oriel::postgres {

namespace net = boost::asio;
using Descriptor = net::posix::stream_descriptor;

namespace {

/// How much later than the server we end a statement.
constexpr auto kServerFirst = std::chrono::milliseconds(500);

constexpr auto kTuple = net::as_tuple(net::use_awaitable);

void rethrow_cancellation(boost::system::error_code error) {
  if (error == net::error::operation_aborted) throw boost::system::system_error(error);
}

std::string_view field(PGresult const* result, int code) {
  auto const* const text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

Code code_of(std::string_view state) {
  if (state == "23505" || state == "23P01") return Code::kConflict;
  if (state.starts_with("23") || state.starts_with("22")) return Code::kInvalid;
  if (state == "40001" || state == "40P01") return Code::kRetry;
  if (state == "57014") return Code::kTimeout;
  if (state.starts_with("08") || state.starts_with("57P0") || state.starts_with("53") || state == "25006") {
    return Code::kUnavailable;
  }
  if (state == "42501" || state.starts_with("28")) return Code::kForbidden;
  if (state == "P0002") return Code::kNotFound;
  return Code::kInternal;
}

}  // namespace

Error error_of(PGresult const* result) {
  auto const state = field(result, PG_DIAG_SQLSTATE);
  // The detail holds values of our users, so it stays out.
  std::string message = "database: " + std::string(field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (auto const constraint = field(result, PG_DIAG_CONSTRAINT_NAME); !constraint.empty()) {
    message += " (" + std::string(constraint) + ")";
  }
  message += " [" + std::string(state) + "]";
  return fail(code_of(state), std::move(message));
}

Connection::Connection(Executor executor, DatabaseOptions options)
    : executor_(executor), options_(std::move(options)), socket_(std::move(executor)) {}

Connection::~Connection() { close(); }

void Connection::close() {
  // libpq owns the descriptor.
  if (socket_.is_open()) socket_.release();
  if (connection_ != nullptr) PQfinish(connection_);
  connection_ = nullptr;
}

Error Connection::lost(std::string_view doing) const {
  auto why = std::string(trim(PQerrorMessage(connection_)));
  if (why.empty()) why = "the connection is lost";
  return fail(Code::kUnavailable, "database: " + std::string(doing) + ": " + why);
}

Async<Result<std::unique_ptr<Connection>>> Connection::connect(Executor executor, DatabaseOptions options) {
  auto const limit = options.connect_deadline;
  std::unique_ptr<Connection> connection(new Connection(std::move(executor), std::move(options)));
  auto opening = connection->open();
  auto opened = co_await with_deadline(std::move(opening), limit, "database: connect");
  if (!opened) co_return opened.error();
  co_return connection;
}

Async<Result<>> Connection::open() {
  // `dbname` may hold a whole connection string; what follows it wins.
  std::vector<char const*> keys{"dbname", "application_name", "options", "client_encoding"};
  // The server ends a statement itself, a little before we would: then the connection stays good.
  auto const settings = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c statement_timeout=" +
                        std::to_string(options_.statement_deadline.count()) +
                        (options_.role.empty() ? std::string() : " -c role=" + options_.role);
  std::vector<char const*> values{options_.connection.c_str(), options_.application_name.c_str(),
                                  settings.c_str(), "UTF8"};
  if (!options_.password.empty()) {
    keys.push_back("password");
    values.push_back(options_.password.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectStartParams(keys.data(), values.data(), 1);
  if (connection_ == nullptr) co_return fail(Code::kUnavailable, "database: out of memory");
  if (PQstatus(connection_) == CONNECTION_BAD) co_return lost("connect");
  auto step = PGRES_POLLING_WRITING;
  for (;;) {
    // The socket may be another one at each step: another address, or TLS.
    if (socket_.is_open()) socket_.release();
    // A server that hung up in between leaves no socket: looked at first, since there is nothing to wait for
    // then.
    if (step == PGRES_POLLING_FAILED || PQsocket(connection_) < 0) {
      auto error = lost("connect");
      // 28xxx: the server is there and does not want us.
      if (error.message.find("authentication failed") != std::string::npos) error.code = Code::kForbidden;
      co_return error;
    }
    boost::system::error_code taken;
    socket_.assign(PQsocket(connection_), taken);
    if (taken) co_return fail(Code::kUnavailable, "database: connect: " + taken.message());
    if (step == PGRES_POLLING_OK) break;
    auto const direction = step == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write;
    auto const [error] = co_await socket_.async_wait(direction, kTuple);
    rethrow_cancellation(error);
    if (error) co_return fail(Code::kUnavailable, "database: connect: " + error.message());
    step = PQconnectPoll(connection_);
  }
  PQsetnonblocking(connection_, 1);
  PQsetNoticeProcessor(connection_, [](void*, char const*) {}, nullptr);
  co_return Result<>();
}

bool Connection::alive() {
  if (!usable() || PQconsumeInput(connection_) == 0) return false;
  while (auto* const notification = PQnotifies(connection_)) PQfreemem(notification);
  return usable();
}

Async<Result<>> Connection::wait_readable() {
  auto const [error] = co_await socket_.async_wait(Descriptor::wait_read, kTuple);
  rethrow_cancellation(error);
  if (error || PQconsumeInput(connection_) == 0) co_return lost("read");
  co_return Result<>();
}

Async<Result<>> Connection::flush() {
  using namespace net::experimental::awaitable_operators;
  for (;;) {
    int const pending = PQflush(connection_);
    if (pending == 0) co_return Result<>();
    if (pending < 0) co_return lost("write");
    // Reading too: with both buffers full the server waits for us to read, and we for it.
    auto either = socket_.async_wait(Descriptor::wait_write, net::use_awaitable) ||
                  socket_.async_wait(Descriptor::wait_read, net::use_awaitable);
    auto const first = co_await std::move(either);
    if (first.index() == 1 && PQconsumeInput(connection_) == 0) co_return lost("read");
  }
}

Async<Result<Rows>> Connection::collect() {
  auto flushed = co_await flush();
  if (!flushed) co_return flushed.error();
  std::optional<Error> failure;
  Rows last;
  for (;;) {
    while (PQisBusy(connection_) != 0) {
      auto readable = co_await wait_readable();
      if (!readable) co_return readable.error();
    }
    auto* const raw = PQgetResult(connection_);
    if (raw == nullptr) break;
    std::shared_ptr<pg_result> const result(raw, PQclear);
    switch (PQresultStatus(raw)) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        last = Rows(result);
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        co_return fail(Code::kUnsupported, "database: COPY is not for this client");
      default:
        if (!failure) failure = error_of(raw);
    }
  }
  if (failure) {
    if (PQstatus(connection_) != CONNECTION_OK) failure->code = Code::kUnavailable;
    co_return *failure;
  }
  if (PQstatus(connection_) != CONNECTION_OK) co_return lost("statement");
  co_return last;
}

Async<Result<Rows>> Connection::run_simple(std::string sql) {
  if (PQsendQuery(connection_, sql.c_str()) == 0) co_return lost("send");
  auto rows = co_await collect();
  co_return rows;
}

Async<Result<Rows>> Connection::prepare_and_run(std::string sql, Parameters parameters) {
  auto found = prepared_.find(sql);
  if (found == prepared_.end()) {
    if (prepared_.size() >= limits::kPostgresPrepared) {
      // Statements are few and constant; whoever makes more builds SQL from data.
      auto cleared = co_await run_simple("deallocate all");
      if (!cleared) co_return cleared.error();
      prepared_.clear();
    }
    auto name = "s" + std::to_string(next_statement_++);
    if (PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr) == 0) co_return lost("send");
    auto ready = co_await collect();
    if (!ready) co_return ready.error();
    found = prepared_.emplace(std::move(sql), std::move(name)).first;
  }
  std::vector<char const*> values;
  values.reserve(parameters.size());
  for (auto const& value : parameters.values()) values.push_back(value ? value->c_str() : nullptr);
  if (PQsendQueryPrepared(connection_, found->second.c_str(), static_cast<int>(values.size()), values.data(),
                          nullptr, nullptr, 0) == 0) {
    co_return lost("send");
  }
  auto rows = co_await collect();
  // A table changed under its plan ("cached plan must not change result type"): forget it, so that the next
  // call is good.
  if (!rows && rows.error().message.ends_with("[0A000]")) {
    prepared_.clear();
    broken_ = true;
  }
  co_return rows;
}

Async<Result<Rows>> Connection::query(std::string sql, Parameters parameters) {
  if (!usable()) co_return fail(Code::kUnavailable, "database: the connection is lost");
  for (auto const& value : parameters.values()) {
    if (value && value->find('\0') != std::string::npos) {
      co_return fail(Code::kInvalid, "database: text with a zero byte cannot be stored");
    }
  }
  // Until the last result is read the protocol is in the middle of something; whoever leaves then leaves it
  // broken.
  broken_ = true;
  auto running = prepare_and_run(std::move(sql), std::move(parameters));
  auto rows = co_await with_deadline(std::move(running), options_.statement_deadline + kServerFirst,
                                     "database: statement");
  bool const settled =
      rows.has_value() || (rows.error().code != Code::kTimeout && rows.error().code != Code::kUnavailable &&
                           !rows.error().message.ends_with("[0A000]"));
  // A statement that the server itself timed out (57014) has ended properly.
  bool const timed_out_there = !rows && rows.error().message.ends_with("[57014]");
  if ((settled || timed_out_there) && PQstatus(connection_) == CONNECTION_OK) broken_ = false;
  co_return rows;
}

Async<Result<Rows>> Connection::run_script(std::string sql, std::chrono::milliseconds deadline) {
  auto set = co_await run_simple("set statement_timeout = " + std::to_string(deadline.count()));
  if (!set) co_return set;
  auto rows = co_await run_simple(std::move(sql));
  if (PQstatus(connection_) == CONNECTION_OK && PQtransactionStatus(connection_) != PQTRANS_INERROR) {
    // Scripts change what statements were prepared for. (In a failed transaction the rollback undoes the
    // setting.)
    auto cleared = co_await run_simple("deallocate all");
    auto reset = co_await run_simple("reset statement_timeout");
    if (!cleared) co_return cleared;
    if (!reset) co_return reset;
  }
  co_return rows;
}

Async<Result<>> Connection::script(std::string sql, std::chrono::milliseconds deadline) {
  if (!usable()) co_return fail(Code::kUnavailable, "database: the connection is lost");
  broken_ = true;
  prepared_.clear();
  auto running = run_script(std::move(sql), deadline);
  auto rows = co_await with_deadline(std::move(running), deadline + kServerFirst, "database: script");
  bool const settled =
      rows.has_value() || (rows.error().code != Code::kTimeout && rows.error().code != Code::kUnavailable);
  if (settled && PQstatus(connection_) == CONNECTION_OK) broken_ = false;
  if (!rows) co_return rows.error();
  co_return Result<>();
}

Async<Result<>> Connection::notifications(
    std::function<void(std::string channel, std::string payload)> on_one) {
  for (;;) {
    while (auto* const raw = PQnotifies(connection_)) {
      ScopeExit const release([&] { PQfreemem(raw); });
      on_one(raw->relname, raw->extra == nullptr ? "" : raw->extra);
    }
    auto readable = co_await wait_readable();
    if (!readable) co_return readable;
    if (PQstatus(connection_) != CONNECTION_OK) co_return lost("listen");
  }
}

}  // namespace oriel::postgres
