#include "init/cookie.h"

#include <string_view>

#include "libs/base/text.h"

namespace oriel::init {
namespace {

void append_counted(std::string& entry, std::string_view field) {
  entry.push_back(static_cast<char>(field.size() >> 8 & 0xff));
  entry.push_back(static_cast<char>(field.size() & 0xff));
  entry.append(field);
}

}  // namespace

std::string xauthority_entry(std::span<std::uint8_t const> cookie) {
  std::string entry = "\xff\xff";  // FamilyWild
  append_counted(entry, "");       // address
  append_counted(entry, "");       // display number
  append_counted(entry, "MIT-MAGIC-COOKIE-1");
  append_counted(entry, as_text(cookie));
  return entry;
}

}  // namespace oriel::init
