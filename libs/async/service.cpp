#include "libs/async/service.h"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <signal.h>
#include <unistd.h>

#include "libs/async/event.h"
#include "libs/base/log.h"
#include "libs/base/version.h"

namespace oriel {

namespace net = boost::asio;

namespace {

using std::chrono::steady_clock;

/// Aborts the process when the loop does not turn: a hanging service looks alive to Docker, a dead one is
/// restarted.
class Watchdog {
 public:
  Watchdog(net::io_context& loop, std::chrono::seconds limit) : limit_(limit), timer_(loop) {
    if (limit_.count() == 0) return;
    tick();
    thread_ = std::thread([this] { watch(); });
  }

  ~Watchdog() {
    {
      std::lock_guard const lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void stop_ticking() {
    timer_.cancel();
    ended_ = true;
  }

 private:
  void tick() {
    if (ended_) return;
    ++turns_;
    timer_.expires_after(limit_ / 8 + std::chrono::milliseconds(1));
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) tick();
    });
  }

  void watch() {
    auto seen = turns_.load();
    auto since = steady_clock::now();
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::milliseconds(200), [&] { return ending_; })) {
      auto const now = steady_clock::now();
      if (auto const turns = turns_.load(); turns != seen) {
        seen = turns;
        since = now;
      } else if (now - since > limit_) {
        log::error("the loop has not turned, ending the process", {{"seconds", limit_.count()}});
        std::abort();
      }
    }
  }

  std::chrono::seconds limit_;
  net::steady_timer timer_;
  std::atomic<std::uint64_t> turns_ = 0;
  bool ended_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

class RunningService final : public Service {
 public:
  explicit RunningService(ServiceOptions options)
      : options_(std::move(options)),
        loop_(1),
        stop_wanted_(loop_.get_executor()),
        signals_(loop_, SIGTERM, SIGINT),
        grace_(loop_) {}

  int run(std::function<Async<Result<>>(Service&)> const& main) {
    std::signal(SIGPIPE, SIG_IGN);
    log::info("starting", {{"version", version()}, {"commit", commit()}});
    wait_for_signal();
    Watchdog watchdog(loop_, options_.watchdog);
    net::co_spawn(loop_, main(*this), [&](std::exception_ptr failure, Result<> outcome) {
      ended(failure, outcome);
      signals_.cancel();
      grace_.cancel();
      watchdog.stop_ticking();
      // Whatever is still waiting belongs to parts that main forgot to stop; it must not keep the process
      // alive.
      loop_.stop();
    });
    loop_.run();
    log::info("stopped", {{"exit_code", exit_code_}});
    return exit_code_;
  }

  Executor executor() const override { return const_cast<net::io_context&>(loop_).get_executor(); }
  Async<> until_stop() override { return stop_wanted_.wait(); }
  bool stopping() const override { return stop_wanted_.is_set(); }

  void request_stop(std::string reason) override {
    if (stopping()) return;
    log::error("cannot go on, stopping", {{"reason", reason}});
    exit_code_ = 1;
    stop();
  }

 private:
  void wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code error, int number) {
      if (error) return;
      if (stopping()) {
        log::warning("second signal, ending at once", {{"signal", number}});
        std::_Exit(1);
      }
      log::info("stopping", {{"signal", number}});
      stop();
      wait_for_signal();
    });
  }

  void stop() {
    stop_wanted_.set();
    grace_.expires_after(options_.stop_grace);
    grace_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      log::error("did not stop in time, ending at once", {{"seconds", options_.stop_grace.count()}});
      std::_Exit(1);
    });
  }

  void ended(std::exception_ptr const& failure, Result<> const& outcome) {
    if (failure) {
      exit_code_ = 1;
      try {
        std::rethrow_exception(failure);
      } catch (std::exception const& error) {
        log::error("ended by an exception", {{"reason", error.what()}});
      }
    } else if (!outcome) {
      exit_code_ = 1;
      log::error("ended by an error", {{"reason", outcome.error()}});
    }
  }

  ServiceOptions options_;
  net::io_context loop_;
  Event stop_wanted_;
  net::signal_set signals_;
  net::steady_timer grace_;
  int exit_code_ = 0;
};

}  // namespace

int run_service(ServiceOptions options, std::function<Async<Result<>>(Service&)> main) {
  RunningService service(std::move(options));
  return service.run(main);
}

}  // namespace oriel
