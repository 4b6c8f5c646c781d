#include "libs/postgres/parameters.h"

#include <charconv>
#include <cmath>

namespace oriel::postgres {

std::string Parameters::number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char text[40];
  auto const [end, error] = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end);
}

std::string Parameters::time_text(WallTime value) { return plain_datetime(value) + "+00"; }

std::string Parameters::array_text(std::vector<std::string> const& elements) {
  std::string text = "{";
  for (auto const& element : elements) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (char const c : element) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  text += '}';
  return text;
}

}  // namespace oriel::postgres
