#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/id.h"

struct pg_result;

namespace oriel::postgres {

class Rows;

/// One row of Rows, which must outlive it. A column that is absent, NULL where a value is asked for, or of
/// another type is a bug in our SQL: std::logic_error, naming it.
class Row {
 public:
  [[nodiscard]] bool is_null(std::string_view column) const;
  /// Without a copy; valid as long as the Rows.
  [[nodiscard]] std::string_view view(std::string_view column) const;
  [[nodiscard]] std::string text(std::string_view column) const { return std::string(view(column)); }
  [[nodiscard]] std::int64_t integer(std::string_view column) const;
  [[nodiscard]] double number(std::string_view column) const;
  [[nodiscard]] bool boolean(std::string_view column) const;
  /// A timestamptz (sessions run in UTC), or a number of epoch seconds.
  [[nodiscard]] WallTime time(std::string_view column) const;
  [[nodiscard]] double epoch_seconds(std::string_view column) const;
  /// The elements of a one-dimensional text, uuid or integer array.
  [[nodiscard]] std::vector<std::string> array(std::string_view column) const;
  template <typename IdType>
  [[nodiscard]] IdType id(std::string_view column) const {
    auto const parsed = IdType::parse(view(column));
    if (!parsed) wrong_type(column, "an id");
    return *parsed;
  }

  [[nodiscard]] std::optional<std::string> optional_text(std::string_view column) const;
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::string_view column) const;
  [[nodiscard]] std::optional<double> optional_number(std::string_view column) const;
  [[nodiscard]] std::optional<WallTime> optional_time(std::string_view column) const;
  template <typename IdType>
  [[nodiscard]] std::optional<IdType> optional_id(std::string_view column) const {
    if (is_null(column)) return std::nullopt;
    return id<IdType>(column);
  }

 private:
  friend class Rows;
  Row(pg_result const* result, int row) : result_(result), row_(row) {}
  [[noreturn]] void wrong_type(std::string_view column, std::string_view wanted) const;
  [[nodiscard]] int find(std::string_view column) const;

  pg_result const* result_;
  int row_;
};

/// What a statement gave: its rows, or how many it touched.
class Rows {
 public:
  Rows() = default;
  explicit Rows(std::shared_ptr<pg_result> result) : result_(std::move(result)) {}

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] Row operator[](std::size_t index) const;
  [[nodiscard]] Row front() const { return (*this)[0]; }
  /// Rows inserted, updated, deleted or selected.
  [[nodiscard]] std::size_t affected() const;

  class Iterator {
   public:
    Iterator(Rows const* rows, std::size_t index) : rows_(rows), index_(index) {}
    Row operator*() const { return (*rows_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator!=(Iterator const& other) const { return index_ != other.index_; }

   private:
    Rows const* rows_;
    std::size_t index_;
  };
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, size()}; }

 private:
  std::shared_ptr<pg_result> result_;
};

}  // namespace oriel::postgres
