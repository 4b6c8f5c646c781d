#include "bench/stream/shaped_link.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "display/transport/listener.h"

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct ShapedLink::State {
  std::string target;
  double rate;
  std::chrono::milliseconds delay;
  oriel::FileDescriptor listening;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  Clock::time_point line_free{};  // When the line towards the viewer has carried what was given to it.

  // Moves bytes one way until an end closes: each piece occupies the line, then arrives `delay` later.
  void carry(int from, int to, bool shaped) {
    struct Piece {
      std::vector<char> bytes;
      Clock::time_point arrival;
    };
    std::mutex queue_mutex;
    std::condition_variable changed;
    std::deque<Piece> queue;
    bool ended = false;
    std::thread deliver([&] {
      for (;;) {
        std::unique_lock lock(queue_mutex);
        changed.wait(lock, [&] { return !queue.empty() || ended; });
        if (queue.empty()) return;
        Piece piece = std::move(queue.front());
        queue.pop_front();
        lock.unlock();
        std::this_thread::sleep_until(piece.arrival);
        for (std::size_t at = 0; at < piece.bytes.size();) {
          auto const sent = send(to, piece.bytes.data() + at, piece.bytes.size() - at, MSG_NOSIGNAL);
          if (sent <= 0) break;
          at += static_cast<std::size_t>(sent);
        }
      }
    });
    std::array<char, 4096> buffer;
    for (;;) {
      auto const got = recv(from, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      auto arrival = Clock::now() + delay;
      if (shaped) {
        std::unique_lock lock(mutex);
        auto const start = std::max(line_free, Clock::now());
        line_free = start + std::chrono::duration_cast<Clock::duration>(
                                std::chrono::duration<double>(static_cast<double>(got) / rate));
        arrival = line_free + delay;
        lock.unlock();
        std::this_thread::sleep_until(line_free - 5ms);
      }
      std::lock_guard const lock(queue_mutex);
      queue.push_back({std::vector<char>(buffer.begin(), buffer.begin() + got), arrival});
      changed.notify_one();
    }
    {
      std::lock_guard const lock(queue_mutex);
      ended = true;
    }
    changed.notify_one();
    deliver.join();
    shutdown(to, SHUT_RDWR);
  }

  void serve(oriel::FileDescriptor viewer) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, target.data(), std::min(target.size(), sizeof address.sun_path - 1));
    oriel::FileDescriptor server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int const small = 16 << 10;
    setsockopt(server.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(server.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) return;
    std::thread up([this, &viewer, &server] { carry(viewer.get(), server.get(), false); });
    carry(server.get(), viewer.get(), true);
    up.join();
  }
};

ShapedLink::ShapedLink(std::string path, std::string target, double bytes_per_second,
                       std::chrono::milliseconds delay)
    : state_(std::make_shared<State>()) {
  state_->target = std::move(target);
  state_->rate = bytes_per_second;
  state_->delay = delay;
  auto listening = oriel::display::listen_on_path(path);
  if (listening) state_->listening = std::move(*listening);
  std::thread([state = state_] {
    while (!state->stop) {
      pollfd waits{state->listening.get(), POLLIN, 0};
      if (poll(&waits, 1, 100) <= 0) continue;
      oriel::FileDescriptor viewer(accept4(state->listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (viewer.is_open())
        std::thread([state, viewer = std::move(viewer)]() mutable {
          state->serve(std::move(viewer));
        }).detach();
    }
  }).detach();
}

ShapedLink::~ShapedLink() { state_->stop = true; }
