#include "display/x11/shared_segment.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xcb/shm.h>

#include "libs/base/file_descriptor.h"

namespace oriel::display::x11 {

Result<std::unique_ptr<SharedSegment>> SharedSegment::make(XConnection& connection, std::size_t bytes) {
  FileDescriptor memory(memfd_create("oriel-screen", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return fail_errno("make shared memory", errno);
  if (ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) return fail_errno("size shared memory", errno);
  if (fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return fail_errno("seal shared memory", errno);
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return fail_errno("map shared memory", errno);

  std::uint32_t const id = connection.new_id();
  // The descriptor is the library's from here on; it closes it.
  if (!connection.check(xcb_shm_attach_fd_checked(connection.get(), id, memory.release(), 0))) {
    munmap(mapped, bytes);
    return fail(Code::kUnsupported, "share memory with the X server: it refused");
  }
  return std::unique_ptr<SharedSegment>(new SharedSegment(connection, mapped, bytes, id));
}

SharedSegment::~SharedSegment() {
  xcb_shm_detach(connection_.get(), id_);
  munmap(memory_, bytes_);
}

}  // namespace oriel::display::x11
