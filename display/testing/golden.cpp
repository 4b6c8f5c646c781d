#include "display/testing/golden.h"

#include <fstream>
#include <stdexcept>

namespace oriel::display::testing {

Bytes golden(std::string const& name) {
  std::string const path = std::string(ORIEL_SOURCE_DIR) + "/protocol/display/golden/" + name + ".hex";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no " + path);
  std::string digits;
  for (std::string line; std::getline(file, line);)
    for (char const c : line.substr(0, line.find('#')))
      if (c != ' ' && c != '\t' && c != '\r') digits.push_back(c);
  auto const bytes = from_hex(digits);
  if (!bytes) throw std::runtime_error(path + " is not hex");
  return *bytes;
}

}  // namespace oriel::display::testing
