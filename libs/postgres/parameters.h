#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"

namespace oriel::postgres {

/// The values of $1, $2 …, as PostgreSQL's text formats; an empty optional or nullptr is NULL.
///
///     postgres::Parameters values(session.id, "running", limit);
///     auto rows = co_await database.query("select …", std::move(values));
///
/// Takes text, integers, bool, double, Id<…> (uuid), WallTime (timestamptz), std::optional of these, and
/// vectors of text, integers or ids (arrays: `= any($1::uuid[])`).
class Parameters {
 public:
  Parameters() = default;
  template <typename... Values>
    requires(sizeof...(Values) > 0 &&
             !(sizeof...(Values) == 1 && (std::same_as<std::remove_cvref_t<Values>, Parameters> && ...)))
  explicit Parameters(Values const&... values) {
    values_.reserve(sizeof...(Values));
    (add(values), ...);
  }

  template <typename T>
  Parameters& add(T const& value) {
    if constexpr (std::is_null_pointer_v<T>) {
      values_.emplace_back(std::nullopt);
    } else if constexpr (requires {
                           value.has_value();
                           *value;
                         }) {
      if (value.has_value()) return add(*value);
      values_.emplace_back(std::nullopt);
    } else {
      values_.emplace_back(to_text(value));
    }
    return *this;
  }

  [[nodiscard]] std::vector<std::optional<std::string>> const& values() const { return values_; }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  template <typename T>
  static std::string to_text(T const& value) {
    if constexpr (std::same_as<T, bool>) {
      return value ? "t" : "f";
    } else if constexpr (std::integral<T>) {
      return std::to_string(value);
    } else if constexpr (std::floating_point<T>) {
      return number_text(value);
    } else if constexpr (kIsId<T>) {
      return value.dashed();
    } else if constexpr (std::same_as<T, WallTime>) {
      return time_text(value);
    } else if constexpr (std::convertible_to<T const&, std::string_view>) {
      return std::string(std::string_view(value));
    } else {
      std::vector<std::string> elements;
      elements.reserve(value.size());
      for (auto const& element : value) elements.push_back(to_text(element));
      return array_text(elements);
    }
  }
  static std::string number_text(double value);
  static std::string time_text(WallTime value);
  static std::string array_text(std::vector<std::string> const& elements);

  std::vector<std::optional<std::string>> values_;
};

}  // namespace oriel::postgres
