#include "libs/postgres/rows.h"

#include <libpq-fe.h>

#include "libs/base/assert.h"
#include "libs/base/text.h"

namespace oriel::postgres {

namespace {

int as_int(std::size_t index) { return static_cast<int>(index); }

}  // namespace

int Row::find(std::string_view column) const {
  // A scan is faster than PQfnumber, which folds and copies the name; rows are narrow.
  int const count = PQnfields(result_);
  for (int i = 0; i < count; ++i) {
    if (column == PQfname(result_, i)) return i;
  }
  throw std::logic_error("the rows have no column " + std::string(column));
}

void Row::wrong_type(std::string_view column, std::string_view wanted) const {
  throw std::logic_error("column " + std::string(column) + " is not " + std::string(wanted));
}

bool Row::is_null(std::string_view column) const { return PQgetisnull(result_, row_, find(column)) != 0; }

std::string_view Row::view(std::string_view column) const {
  int const index = find(column);
  if (PQgetisnull(result_, row_, index) != 0)
    throw std::logic_error("column " + std::string(column) + " is null");
  return {PQgetvalue(result_, row_, index), static_cast<std::size_t>(PQgetlength(result_, row_, index))};
}

std::int64_t Row::integer(std::string_view column) const {
  auto const value = parse_integer(view(column));
  if (!value) wrong_type(column, "a whole number");
  return *value;
}

double Row::number(std::string_view column) const {
  auto const value = parse_number(view(column));
  if (!value) wrong_type(column, "a number");
  return *value;
}

bool Row::boolean(std::string_view column) const {
  auto const text = view(column);
  if (text != "t" && text != "f") wrong_type(column, "a boolean");
  return text == "t";
}

WallTime Row::time(std::string_view column) const {
  auto text = view(column);
  if (auto const seconds = parse_number(text)) return from_epoch_seconds(*seconds);
  if (!text.ends_with("+00")) wrong_type(column, "a time in UTC");
  text.remove_suffix(3);
  auto const time = parse_plain_datetime(text);
  if (!time) wrong_type(column, "a time");
  return *time;
}

double Row::epoch_seconds(std::string_view column) const { return oriel::epoch_seconds(time(column)); }

std::vector<std::string> Row::array(std::string_view column) const {
  auto const text = view(column);
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') wrong_type(column, "an array");
  std::vector<std::string> elements;
  std::string element;
  bool quoted = false, any = false;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    char const c = text[i];
    any = true;
    if (c == '\\') {
      element += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      elements.push_back(std::move(element));
      element.clear();
    } else if (c == '{' && !quoted) {
      wrong_type(column, "an array of one dimension");
    } else {
      element += c;
    }
  }
  if (any) elements.push_back(std::move(element));
  return elements;
}

std::optional<std::string> Row::optional_text(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<std::int64_t> Row::optional_integer(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<double> Row::optional_number(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return number(column);
}

std::optional<WallTime> Row::optional_time(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::size_t Rows::size() const { return result_ ? static_cast<std::size_t>(PQntuples(result_.get())) : 0; }

Row Rows::operator[](std::size_t index) const {
  ORIEL_ASSERT(index < size(), index, size());
  return Row(result_.get(), as_int(index));
}

std::size_t Rows::affected() const {
  if (!result_) return 0;
  auto const count = parse_integer(PQcmdTuples(result_.get()));
  return count ? static_cast<std::size_t>(*count) : 0;
}

}  // namespace oriel::postgres
