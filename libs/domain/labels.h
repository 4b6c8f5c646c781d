#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/result.h"

/// What an administrator writes on a server: key and value, both short and plain. Pure.
namespace oriel::domain {

using Labels = std::map<std::string, std::string>;

/// Every fault of them, each with the pointer `/labels/<key>`; none when they are good. At most 16; a key has
/// 1–63 of a–z, 0–9 and `. _ - /`, and begins and ends with a letter or digit; a value has at most 63
/// characters, none of control.
[[nodiscard]] std::vector<FieldError> faults_of(Labels const& labels);

}  // namespace oriel::domain
