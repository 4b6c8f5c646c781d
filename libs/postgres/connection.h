#pragma once

// Inside libs/postgres only.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <libpq-fe.h>

#include "libs/postgres/database.h"

namespace oriel::postgres {

/// One libpq connection on the loop. One statement at a time. After a failure that leaves its state unknown
/// it is not usable() any more and must be thrown away.
class Connection final : public Queryable {
 public:
  [[nodiscard]] static Async<Result<std::unique_ptr<Connection>>> connect(Executor executor,
                                                                          DatabaseOptions options);
  ~Connection() override;
  Connection(Connection const&) = delete;
  Connection& operator=(Connection const&) = delete;

  [[nodiscard]] Async<Result<Rows>> query(std::string sql, Parameters parameters = {}) override;
  [[nodiscard]] Async<Result<>> script(std::string sql,
                                       std::chrono::milliseconds deadline = std::chrono::minutes(5)) override;

  [[nodiscard]] bool usable() const {
    return connection_ != nullptr && !broken_ && PQstatus(connection_) == CONNECTION_OK;
  }
  /// False when the server has closed it meanwhile.
  [[nodiscard]] bool alive();
  /// No transaction is open on it.
  [[nodiscard]] bool is_idle() const { return PQtransactionStatus(connection_) == PQTRANS_IDLE; }

  /// A statement failed and only rollback is possible; commit would do that and call it success.
  [[nodiscard]] bool has_failed_transaction() const {
    return PQtransactionStatus(connection_) == PQTRANS_INERROR;
  }

  /// Waits for the next notifications, for ever; an Error when the connection is lost.
  [[nodiscard]] Async<Result<>> notifications(
      std::function<void(std::string channel, std::string payload)> on_one);

 private:
  Connection(Executor executor, DatabaseOptions options);

  Async<Result<>> open();
  Async<Result<>> flush();
  /// Collects results until libpq has no more: the last one, or the first failure.
  Async<Result<Rows>> collect();
  Async<Result<Rows>> prepare_and_run(std::string sql, Parameters parameters);
  Async<Result<Rows>> run_simple(std::string sql);
  Async<Result<Rows>> run_script(std::string sql, std::chrono::milliseconds deadline);
  Async<Result<>> wait_readable();
  void close();
  [[nodiscard]] Error lost(std::string_view doing) const;

  Executor executor_;
  DatabaseOptions options_;
  PGconn* connection_ = nullptr;
  boost::asio::posix::stream_descriptor socket_;
  std::unordered_map<std::string, std::string> prepared_;  // SQL → statement name
  std::uint64_t next_statement_ = 0;
  bool broken_ = false;
};

/// SQLSTATE and the server's words as an Error.
[[nodiscard]] Error error_of(PGresult const* result);

}  // namespace oriel::postgres
