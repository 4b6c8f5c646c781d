#include "libs/testing/temporary_directory.h"

#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace oriel::testing {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = "/tmp/oriel-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace oriel::testing
