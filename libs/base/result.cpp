#include "libs/base/result.h"

#include <cerrno>
#include <ostream>
#include <stdexcept>
#include <system_error>

namespace oriel {

std::string_view code_text(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kUnauthenticated:
      return "unauthenticated";
    case Code::kForbidden:
      return "forbidden";
    case Code::kNotFound:
      return "not_found";
    case Code::kConflict:
      return "conflict";
    case Code::kNoCapacity:
      return "no_capacity";
    case Code::kRateLimited:
      return "rate_limited";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTimeout:
      return "timeout";
    case Code::kRetry:
      return "retry";
    case Code::kTooLarge:
      return "too_large";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kInternal:
      break;
  }
  return "internal";
}

Error Error::within(std::string_view doing) const {
  std::string outer(doing);
  outer += ": ";
  outer += message;
  return {code, std::move(outer), fields};
}

std::ostream& operator<<(std::ostream& out, Error const& error) {
  out << code_text(error.code) << ": " << error.message;
  for (auto const& field : error.fields) out << " [" << field.pointer << ": " << field.message << "]";
  return out;
}

void throw_exception_from_error(Error const& error, boost::source_location const& where) {
  throw std::logic_error("value of a failed result (" + std::string(code_text(error.code)) + ": " +
                         error.message + ") at " + where.to_string());
}

Error fail_errno(std::string_view doing, int error_number) {
  auto code = Code::kInternal;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      code = Code::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = Code::kForbidden;
      break;
    case EEXIST:
    case ENOTEMPTY:
    case EADDRINUSE:
      code = Code::kConflict;
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::kNoCapacity;
      break;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EAGAIN:
      code = Code::kUnavailable;
      break;
    case ETIMEDOUT:
      code = Code::kTimeout;
      break;
    case ENAMETOOLONG:
    case EFBIG:
    case E2BIG:
      code = Code::kTooLarge;
      break;
    case EINVAL:
      code = Code::kInvalid;
      break;
    default:
      break;
  }
  return fail(code, std::string(doing) + ": " + std::generic_category().message(error_number));
}

}  // namespace oriel
