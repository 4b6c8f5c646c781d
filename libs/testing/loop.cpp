#include "libs/testing/loop.h"

#include <boost/asio/co_spawn.hpp>

#include "libs/base/log.h"

namespace oriel::testing {

namespace net = boost::asio;

Loop::Loop() = default;
Loop::~Loop() = default;

Executor Loop::executor() { return context_.get_executor(); }

void Loop::run_void(Async<> work, std::chrono::milliseconds limit) {
  bool ended = false;
  std::exception_ptr failure;
  net::co_spawn(context_, std::move(work), [&](std::exception_ptr why) {
    failure = why;
    ended = true;
  });
  until([&] { return ended; }, limit);
  if (failure) std::rethrow_exception(failure);
}

void Loop::start(Async<> work) {
  net::co_spawn(context_, std::move(work), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

void Loop::poll() {
  context_.restart();
  context_.poll();
}

void Loop::until(std::function<bool()> const& condition, std::chrono::milliseconds limit) {
  auto const end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the loop's limit passed");
    context_.restart();
    context_.run_one_for(std::chrono::milliseconds(20));
  }
}

void Loop::run_for(std::chrono::milliseconds duration) {
  context_.restart();
  context_.run_for(duration);
}

}  // namespace oriel::testing
