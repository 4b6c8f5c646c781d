#include "libs/base/file_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

namespace oriel {

void FileDescriptor::reset() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

FileDescriptor FileDescriptor::duplicate() const {
  return FileDescriptor(::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0));
}

}  // namespace oriel
