#pragma once

#include <sstream>
#include <string>

namespace oriel {

/// Logs the failed condition with its place and operands, then aborts. Never returns.
[[noreturn]] void assertion_failed(char const* condition, char const* file, int line,
                                   std::string const& operands);

namespace detail {
template <typename... Operands>
std::string show_operands(Operands const&... operands) {
  std::ostringstream text;
  ((text << operands << ' '), ...);
  return text.str();
}
}  // namespace detail

}  // namespace oriel

/// A check for bugs, on in every build: `ORIEL_ASSERT(count <= limit, count, limit);`
#define ORIEL_ASSERT(condition, ...)                                          \
  do {                                                                        \
    if (!(condition)) [[unlikely]] {                                          \
      ::oriel::assertion_failed(#condition, __FILE__, __LINE__,               \
                                ::oriel::detail::show_operands(__VA_ARGS__)); \
    }                                                                         \
  } while (false)
