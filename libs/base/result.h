#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

namespace oriel {

/// What a caller can do about a failure; errno, HTTP status and SQLSTATE become one of these in the
/// folder that owns that system, and nowhere else.
enum class Code {
  kInvalid,          ///< The request is wrong; sending it again will not help.
  kUnauthenticated,  ///< Sign in first.
  kForbidden,        ///< Signed in, but not allowed.
  kNotFound,         ///< Absent, or somebody else's.
  kConflict,         ///< Contradicts the present state; read again, then decide.
  kNoCapacity,       ///< Nothing fits now; later it may.
  kRateLimited,      ///< Slower, please.
  kUnavailable,      ///< The other side is down; retry with back-off.
  kTimeout,          ///< No answer within the deadline; whether it happened is unknown.
  kRetry,            ///< A transaction lost a race; run it again from its start.
  kTooLarge,         ///< Above a bound of the table of limits.
  kUnsupported,      ///< This installation, engine or peer cannot do it.
  kInternal,         ///< A bug or a broken invariant.
};

/// The code as it crosses the wire: `not_found`, `no_capacity`, `internal` …
[[nodiscard]] std::string_view code_text(Code code);

/// One wrong member of a request: an RFC 6901 pointer (`/ports/1/protocol`) and what is wrong with it.
struct FieldError {
  std::string pointer;
  std::string message;
  friend bool operator==(FieldError const&, FieldError const&) = default;
};

/// A failure that a caller must handle. The message reads from the user's action to the cause.
struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  std::string message;
  std::vector<FieldError> fields{};

  /// The same failure seen one step further out: `start session s-1: pull firefox: manifest unknown`.
  Error within(std::string_view doing) const;

  friend bool operator==(Error const&, Error const&) = default;
};

/// `code: message`, with its fields; for logs and test output.
std::ostream& operator<<(std::ostream& out, Error const& error);

/// Reading the value of a failed Result is a bug: throws std::logic_error with the error's text.
[[noreturn]] void throw_exception_from_error(Error const& error, boost::source_location const& where);

/// A value or an Error. `if (!result) co_return result.error().within("…");`, then `*result`.
template <typename T = void>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using boost::system::result<T, Error>::result;
};

/// `return fail(Code::kNotFound, "no session " + id.text());`
inline Error fail(Code code, std::string message) { return {code, std::move(message), {}}; }

/// `errno` as a failure: ENOENT → kNotFound, EACCES/EPERM → kForbidden, EEXIST → kConflict, ENOSPC →
/// kNoCapacity, ECONNREFUSED/EPIPE/ECONNRESET → kUnavailable, else kInternal. `doing` says of what.
Error fail_errno(std::string_view doing, int error_number);

}  // namespace oriel
