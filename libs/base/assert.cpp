#include "libs/base/assert.h"

#include <cstdlib>

#include "libs/base/log.h"

namespace oriel {

void assertion_failed(char const* condition, char const* file, int line, std::string const& operands) {
  log::error("assertion failed",
             {{"condition", condition}, {"file", file}, {"line", line}, {"operands", operands}});
  std::abort();
}

}  // namespace oriel
