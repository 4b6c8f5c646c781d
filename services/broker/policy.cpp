#include "services/broker/policy.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "libs/base/file.h"
#include "libs/base/json.h"

namespace oriel::broker {
namespace {

constexpr std::size_t kEnvironmentVariables = 128;
constexpr std::size_t kEnvironmentValueBytes = 16 * 1024;
constexpr std::int64_t kLeastMemoryBytes = 64LL * 1024 * 1024;
constexpr std::int64_t kLeastPids = 32;
constexpr double kLeastCores = 0.1;

bool is_variable_name(std::string_view name) {
  auto const good = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && name.size() <= 128 && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::ranges::all_of(name, good);
}

bool is_host_name(std::string_view name) {
  auto const good = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::ranges::all_of(name, good);
}

/// Names that belong to the loader or to us, whatever the policy says.
bool is_reserved_variable(std::string_view name) {
  return name.starts_with("LD_") || name.starts_with("ORIEL_") || name == "PATH" || name == "BASH_ENV" ||
         name == "ENV" || name == "GCONV_PATH" || name == "MALLOC_CHECK_";
}

bool any_matches(std::vector<std::string> const& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [text](std::string const& one) { return matches_pattern(one, text); });
}

Result<> check_environment(Policy const& policy, protocol::broker::Environment const& environment) {
  if (environment.size() > kEnvironmentVariables)
    return fail(Code::kInvalid, "more than 128 environment variables");
  for (auto const& [name, value] : environment) {
    if (!is_variable_name(name)) return fail(Code::kInvalid, "not an environment variable's name: " + name);
    if (is_reserved_variable(name))
      return fail(Code::kForbidden, "environment variable " + name + " is reserved");
    if (!any_matches(policy.environment, name)) {
      return fail(Code::kForbidden, "the host's policy does not allow the environment variable " + name);
    }
    if (value.size() > kEnvironmentValueBytes || value.find('\0') != std::string::npos) {
      return fail(Code::kInvalid, "environment variable " + name + " is too long or holds a NUL");
    }
  }
  return {};
}

}  // namespace

Result<Policy> read_policy(std::string const& path) {
  auto const text = read_file(path);
  if (!text) return text.error().within("read the host's policy");
  auto policy = json::parse_as<Policy>(*text);
  if (!policy) return policy.error().within("read the host's policy " + path);
  if (policy->agent.empty()) return fail(Code::kInvalid, path + ": agent is missing");
  return policy;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  // Remembers the last star, so that it never takes more than pattern × text steps.
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      mark = in;
    } else if (at < pattern.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++mark;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

Result<> check_request(Policy const& policy, protocol::broker::CreateSession const& request) {
  if (request.attempt < 0 || request.generation < 0)
    return fail(Code::kInvalid, "attempt and generation start at 0");
  if (request.image.empty() || request.image.size() > 512)
    return fail(Code::kInvalid, "image is missing or too long");
  if (!std::isfinite(request.cores) || request.cores < kLeastCores)
    return fail(Code::kInvalid, "cores below 0.1");
  if (request.cores > policy.cores) {
    return fail(Code::kForbidden,
                "the host's policy allows a session at most " + std::to_string(policy.cores) + " cores");
  }
  if (request.memory_bytes < kLeastMemoryBytes) return fail(Code::kInvalid, "memory_bytes below 64 MiB");
  if (request.memory_bytes > policy.memory_bytes) {
    return fail(Code::kForbidden, "the host's policy allows a session at most " +
                                      std::to_string(policy.memory_bytes / (1024 * 1024)) + " MiB of memory");
  }
  if (request.shm_bytes < 0 || request.shm_bytes > policy.shm_bytes) {
    return fail(Code::kForbidden, "the host's policy allows a session at most " +
                                      std::to_string(policy.shm_bytes / (1024 * 1024)) +
                                      " MiB of shared memory");
  }
  if (request.pids < kLeastPids) return fail(Code::kInvalid, "pids below 32");
  if (request.pids > policy.pids) {
    return fail(Code::kForbidden,
                "the host's policy allows a session at most " + std::to_string(policy.pids) + " processes");
  }
  if (std::ranges::find(policy.networks, request.network) == policy.networks.end()) {
    return fail(Code::kForbidden, "the host's policy does not allow the network \"" + request.network + "\"");
  }
  if (!request.hostname.empty() && !is_host_name(request.hostname)) {
    return fail(Code::kInvalid, "hostname must be one label of letters, digits and dashes");
  }
  if (request.home != "fresh")
    return fail(Code::kUnsupported, "home \"" + request.home + "\" is not offered by this host");
  if (request.width < 1 || request.width > 16384 || request.height < 1 || request.height > 16384) {
    return fail(Code::kInvalid, "width and height are 1 to 16384");
  }
  return check_environment(policy, request.environment);
}

bool image_allowed(Policy const& policy, std::vector<std::string> const& references) {
  return std::ranges::any_of(references,
                             [&policy](std::string const& one) { return any_matches(policy.images, one); });
}

}  // namespace oriel::broker
