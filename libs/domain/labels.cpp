#include "libs/domain/labels.h"

#include <algorithm>

#include "libs/base/limits.h"
#include "libs/base/text.h"

namespace oriel::domain {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_good_key(std::string const& key) {
  if (key.empty() || key.size() > limits::kLabelBytes) return false;
  if (!is_letter_or_digit(key.front()) || !is_letter_or_digit(key.back())) return false;
  return std::ranges::all_of(
      key, [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-' || c == '/'; });
}

bool is_good_value(std::string const& value) {
  return value.size() <= limits::kLabelBytes && is_utf8(value) && std::ranges::none_of(value, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

}  // namespace

std::vector<FieldError> faults_of(Labels const& labels) {
  std::vector<FieldError> faults;
  auto const most = std::to_string(limits::kLabels);
  auto const longest = std::to_string(limits::kLabelBytes);
  if (labels.size() > limits::kLabels) faults.push_back({"/labels", "at most " + most});
  for (auto const& [key, value] : labels) {
    auto const pointer = "/labels/" + to_utf8(key, limits::kLabelBytes);
    if (!is_good_key(key)) {
      faults.push_back(
          {pointer, "a key has 1 to " + longest +
                        " of a–z, 0–9, dot, line and slash, and begins and ends with a letter or digit"});
    }
    if (!is_good_value(value))
      faults.push_back({pointer, "a value has at most " + longest + " characters of one line"});
    if (faults.size() >= limits::kJsonErrors) break;
  }
  return faults;
}

}  // namespace oriel::domain
