#pragma once

#include <chrono>
#include <memory>
#include <string>

/// A relay between two unix sockets that behaves like a long or slow line.
class ShapedLink {
 public:
  /// Listens at `path` and passes connections on to `target`: each way `delay`, towards the viewer at most
  /// `bytes_per_second` over all connections, with a short queue as a proxy with a low not-sent mark has.
  ShapedLink(std::string path, std::string target, double bytes_per_second, std::chrono::milliseconds delay);
  ~ShapedLink();
  ShapedLink(ShapedLink const&) = delete;
  ShapedLink& operator=(ShapedLink const&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};
