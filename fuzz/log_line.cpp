// Log injection: whatever is logged, one line comes out, it is JSON, and it is bounded.
#include <cstdio>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "libs/base/json.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

using namespace oriel;
using fuzz::require;

ORIEL_FUZZ_TARGET(log_line) {
  static int const file = memfd_create("log", MFD_CLOEXEC);
  (void)!ftruncate(file, 0);
  (void)lseek(file, 0, SEEK_SET);
  log::set_output(file);
  auto const half = input.substr(0, input.size() / 2);
  log::error(half, {{"text", input},
                    {half, input.substr(half.size())},
                    {"error", fail(Code::kInvalid, std::string(input))}});
  log::set_output(-1);
  std::string line(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
  require(pread(file, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size()), "the line is there");
  require(line.ends_with('\n') && line.find('\n') == line.size() - 1, "one record is one line");
  for (char const c : std::string_view(line).substr(0, line.size() - 1))
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control character leaves");
  require(is_utf8(line), "a line is UTF-8");
  require(line.size() <= limits::kLogLineBytes, "a line is bounded");
}
