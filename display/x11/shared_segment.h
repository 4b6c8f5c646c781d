#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "display/x11/x_connection.h"
#include "libs/base/result.h"

namespace oriel::display::x11 {

/// Memory shared with the X server by descriptor (MIT-SHM AttachFd): needs neither the same uid nor System V
/// segments. Its size is sealed, so that the server cannot cut it under our feet.
class SharedSegment {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SharedSegment>> make(XConnection& connection,
                                                                   std::size_t bytes);
  ~SharedSegment();
  SharedSegment(SharedSegment const&) = delete;
  SharedSegment& operator=(SharedSegment const&) = delete;

  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] std::uint32_t* pixels() const { return static_cast<std::uint32_t*>(memory_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  SharedSegment(XConnection& connection, void* memory, std::size_t bytes, std::uint32_t id)
      : connection_(connection), memory_(memory), bytes_(bytes), id_(id) {}

  XConnection& connection_;
  void* memory_;
  std::size_t bytes_;
  std::uint32_t id_;
};

}  // namespace oriel::display::x11
