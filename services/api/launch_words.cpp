#include "services/api/launch_words.h"

#include <algorithm>

#include "libs/base/text.h"

namespace oriel::api {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || is_upper(c); }

}  // namespace

std::optional<std::string> parse_locale(std::string_view text) {
  if (text.ends_with(".UTF-8")) text.remove_suffix(6);
  if (text.ends_with(".utf8")) text.remove_suffix(5);
  if (text == "C") return "C.UTF-8";
  // language 2-3 letters, then _ or -, then the territory: 2 letters.
  auto const separator = text.find_first_of("-_");
  auto const language = text.substr(0, separator);
  if (language.size() < 2 || language.size() > 3 || !std::ranges::all_of(language, is_lower))
    return std::nullopt;
  if (separator == std::string_view::npos) {
    // A browser may say `fr` alone.
    auto territory = std::string(language);
    std::ranges::transform(territory, territory.begin(),
                           [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    if (language == "en") territory = "US";
    if (language == "ja") territory = "JP";
    if (language == "ko") territory = "KR";
    if (language == "zh") territory = "CN";
    if (territory.size() != 2) return std::nullopt;
    return std::string(language) + "_" + territory + ".UTF-8";
  }
  auto rest = text.substr(separator + 1);
  // `zh-Hans-CN`: the script between them says nothing to a locale.
  if (auto const second = rest.find('-'); second == 4) rest.remove_prefix(5);
  if (rest.size() != 2 || !std::ranges::all_of(rest, is_letter)) return std::nullopt;
  auto territory = std::string(rest);
  for (auto& c : territory) {
    if (is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  }
  return std::string(language) + "_" + territory + ".UTF-8";
}

std::optional<std::string> parse_timezone(std::string_view text) {
  if (text.empty() || text.size() > 64 || !is_letter(text.front()) || text.back() == '/' ||
      text.find("//") != std::string_view::npos)
    return std::nullopt;
  for (auto const c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '_' && c != '+' && c != '-' && c != '/') return std::nullopt;
  }
  return std::string(text);
}

std::optional<std::string> parse_open_url(std::string_view text) {
  if (text.size() > 2048 || !is_utf8(text)) return std::nullopt;
  auto const lower = lower_ascii(text.substr(0, 8));
  std::size_t scheme = 0;
  if (lower.starts_with("https://")) scheme = 8;
  if (lower.starts_with("http://")) scheme = 7;
  if (scheme == 0) return std::nullopt;
  for (auto const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' || c == '`')
      return std::nullopt;
  }
  auto const authority = text.substr(scheme, text.find_first_of("/?#", scheme) - scheme);
  if (authority.empty() || authority.find('@') != std::string_view::npos || authority.front() == ':')
    return std::nullopt;
  // The session takes the scheme in lower case alone.
  return lower.substr(0, scheme) + std::string(text.substr(scheme));
}

Result<> check_environment(std::map<std::string, std::string> const& environment) {
  auto const refuse = [](std::string const& name, std::string message) {
    return Error{Code::kInvalid,
                 "a variable of the session cannot be set",
                 {{"/environment/" + name, std::move(message)}}};
  };
  if (environment.size() > 64) return refuse("", "at most 64 variables");
  constexpr std::string_view kReserved[] = {"PATH",       "HOME", "USER",     "SHELL", "DISPLAY",
                                            "XAUTHORITY", "IFS",  "BASH_ENV", "ENV"};
  for (auto const& [name, value] : environment) {
    if (name.empty() || name.size() > 128 || is_digit(name.front()))
      return refuse(to_utf8(name, 64), "not a variable's name");
    for (auto const c : name) {
      if (!is_letter(c) && !is_digit(c) && c != '_')
        return refuse(to_utf8(name, 64), "not a variable's name");
    }
    if (name.starts_with("ORIEL_") || name.starts_with("LD_") ||
        std::ranges::find(kReserved, name) != std::end(kReserved)) {
      return refuse(name, "is set by the platform");
    }
    if (value.size() > 4096 || value.find('\0') != std::string::npos)
      return refuse(name, "at most 4096 bytes without NUL");
  }
  return {};
}

}  // namespace oriel::api
