#include "libs/base/json.h"

#include <cmath>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

#include "libs/base/text.h"

namespace oriel::json {

namespace {

/// Builds values from the parser's events. Boost's own handler takes the last of duplicate keys; two services
/// that take different ones disagree about what a request says, so duplicates are refused.
class Builder {
 public:
  // Boost asks a handler for these names. NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_object_size = 100'000;
  static constexpr std::size_t max_array_size = 1'000'000;
  static constexpr std::size_t max_key_size = limits::kJsonKeyBytes;
  static constexpr std::size_t max_string_size = 1ULL << 31;
  // NOLINTEND(readability-identifier-naming)

  using Fault = boost::system::error_code;

  bool on_document_begin(Fault&) { return true; }
  bool on_document_end(Fault&) { return true; }

  bool on_object_begin(Fault&) { return open(Object()); }
  bool on_object_end(std::size_t, Fault&) { return close(); }
  bool on_array_begin(Fault&) { return open(Array()); }
  bool on_array_end(std::size_t, Fault&) { return close(); }

  bool on_key_part(std::string_view part, std::size_t, Fault&) {
    piece_ += part;
    return true;
  }
  bool on_key(std::string_view part, std::size_t, Fault& fault) {
    piece_ += part;
    auto& object = open_.back()->get_object();
    if (object.contains(piece_)) {
      duplicate_ = piece_;
      fault = boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
      return false;
    }
    keys_.push_back(std::move(piece_));
    piece_.clear();
    return true;
  }
  bool on_string_part(std::string_view part, std::size_t, Fault&) {
    piece_ += part;
    return true;
  }
  bool on_string(std::string_view part, std::size_t, Fault&) {
    piece_ += part;
    put(Value(std::string_view(piece_)));
    piece_.clear();
    return true;
  }
  bool on_number_part(std::string_view, Fault&) { return true; }
  bool on_int64(std::int64_t value, std::string_view, Fault&) { return put(Value(value)), true; }
  bool on_uint64(std::uint64_t value, std::string_view, Fault&) { return put(Value(value)), true; }
  bool on_double(double value, std::string_view, Fault& fault) {
    if (!std::isfinite(value)) {
      fault = boost::system::errc::make_error_code(boost::system::errc::result_out_of_range);
      return false;
    }
    put(Value(value));
    return true;
  }
  bool on_bool(bool value, Fault&) { return put(Value(value)), true; }
  bool on_null(Fault&) { return put(Value(nullptr)), true; }
  bool on_comment_part(std::string_view, Fault&) { return true; }
  bool on_comment(std::string_view, Fault&) { return true; }

  Value take() { return std::move(root_); }
  std::string const& duplicate() const { return duplicate_; }

 private:
  template <typename Container>
  bool open(Container container) {
    open_.push_back(put(Value(std::move(container))));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  // Pointers stay good: a parent does not grow while one of its children is open.
  Value* put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    auto& parent = *open_.back();
    if (parent.is_array()) {
      parent.get_array().push_back(std::move(value));
      return &parent.get_array().back();
    }
    auto key = std::move(keys_.back());
    keys_.pop_back();
    return &parent.get_object().emplace(key, std::move(value)).first->value();
  }

  Value root_;
  std::vector<Value*> open_;
  std::vector<std::string> keys_;
  std::string piece_;
  std::string duplicate_;
};

std::string escape_pointer(std::string_view key) {
  return replace_all(replace_all(shown_text(key, limits::kJsonEchoBytes), "~", "~0"), "/", "~1");
}

}  // namespace

Result<Value> parse(std::string_view text, ParseLimits parse_limits) {
  if (text.size() > parse_limits.bytes) {
    return fail(Code::kTooLarge,
                "the JSON text is larger than " + std::to_string(parse_limits.bytes) + " bytes");
  }
  boost::json::parse_options options;
  options.max_depth = parse_limits.depth;
  boost::json::basic_parser<Builder> parser(options);
  boost::system::error_code fault;
  auto const used = parser.write_some(false, text.data(), text.size(), fault);
  if (!fault && used < text.size()) fault = boost::json::error::extra_data;
  if (fault) {
    auto const& duplicate = parser.handler().duplicate();
    std::string why = duplicate.empty()
                          ? fault.message()
                          : "the key \"" + shown_text(duplicate, limits::kJsonEchoBytes) + "\" occurs twice";
    return fail(Code::kInvalid, "not valid JSON near byte " + std::to_string(used) + ": " + why);
  }
  return parser.handler().take();
}

std::string text(Value const& value) { return boost::json::serialize(value); }

std::optional<std::string> find_nul(Value const& value) {
  if (auto const* text = value.if_string())
    return text->find('\0') == std::string_view::npos ? std::nullopt : std::optional<std::string>("");
  if (auto const* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      if (auto const inner = find_nul((*array)[i])) return "/" + std::to_string(i) + *inner;
  }
  if (auto const* object = value.if_object()) {
    for (auto const& entry : *object) {
      auto const step = "/" + escape_pointer(entry.key());
      if (std::string_view(entry.key()).find('\0') != std::string_view::npos) return step;
      if (auto const inner = find_nul(entry.value())) return step + *inner;
    }
  }
  return std::nullopt;
}

std::string enumerator_text(std::string_view enumerator) {
  auto const is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (enumerator.size() < 2 || enumerator[0] != 'k' || !is_upper(enumerator[1]))
    return std::string(enumerator);
  std::string snake;
  for (std::size_t i = 1; i < enumerator.size(); ++i) {
    if (is_upper(enumerator[i])) {
      if (i > 1) snake += '_';
      snake += static_cast<char>(enumerator[i] - 'A' + 'a');
    } else {
      snake += enumerator[i];
    }
  }
  return snake;
}

namespace detail {

void Reader::fault(std::string message) {
  if (faults_.size() < limits::kJsonErrors) faults_.push_back({pointer_, std::move(message)});
}

void Reader::enter(std::string_view key) {
  marks_.push_back(pointer_.size());
  pointer_ += '/';
  pointer_ += escape_pointer(key);
}

void Reader::enter(std::size_t index) {
  marks_.push_back(pointer_.size());
  pointer_ += '/';
  pointer_ += std::to_string(index);
}

Error Reader::error() const {
  Error error = fail(Code::kInvalid, "some fields are not right");
  if (!faults_.empty()) {
    auto const& first = faults_.front();
    error.message = (first.pointer.empty() ? "the body" : first.pointer) + ": " + first.message;
    if (faults_.size() > 1) error.message += " (and " + std::to_string(faults_.size() - 1) + " more)";
  }
  error.fields = faults_;
  return error;
}

bool Reader::read(Value const& value, bool& into) {
  if (!value.is_bool()) {
    fault("must be true or false");
    return false;
  }
  into = value.get_bool();
  return true;
}

bool Reader::read(Value const& value, double& into) {
  if (!value.is_number()) {
    fault("must be a number");
    return false;
  }
  into = value.to_number<double>();
  return true;
}

bool Reader::read(Value const& value, std::string& into) {
  if (!value.is_string()) {
    fault("must be text");
    return false;
  }
  into = std::string(std::string_view(value.get_string()));
  return true;
}

bool Reader::read_signed(Value const& value, std::int64_t& into, std::int64_t least, std::int64_t most) {
  boost::system::error_code inexact;
  if (value.is_number()) into = value.to_number<std::int64_t>(inexact);
  if (!value.is_number() || inexact) {
    fault("must be a whole number");
    return false;
  }
  if (into < least || into > most) {
    fault("must be from " + std::to_string(least) + " to " + std::to_string(most));
    return false;
  }
  return true;
}

bool Reader::read_unsigned(Value const& value, std::uint64_t& into, std::uint64_t most) {
  boost::system::error_code inexact;
  if (value.is_number()) into = value.to_number<std::uint64_t>(inexact);
  if (!value.is_number() || inexact) {
    fault("must be a whole number, not negative");
    return false;
  }
  if (into > most) {
    fault("must be from 0 to " + std::to_string(most));
    return false;
  }
  return true;
}

bool Reader::read(Value const& value, WallTime& into) {
  std::optional<WallTime> time;
  if (value.is_string()) time = parse_rfc3339(std::string_view(value.get_string()));
  if (!time) {
    fault("must be a time as 2026-01-31T12:00:00Z");
    return false;
  }
  into = *time;
  return true;
}

bool Reader::read_id(Value const& value, oriel::detail::IdBytes& into) {
  std::optional<oriel::detail::IdBytes> id;
  if (value.is_string()) id = oriel::detail::parse_id_bytes(std::string_view(value.get_string()));
  if (!id) {
    fault("must be an id of 32 hex digits");
    return false;
  }
  into = *id;
  return true;
}

Object const* Reader::object(Value const& value) {
  if (!value.is_object()) fault("must be an object");
  return value.if_object();
}

Array const* Reader::array(Value const& value) {
  if (!value.is_array()) fault("must be a list");
  return value.if_array();
}

void Reader::wrong_choice(std::vector<std::string> const& choices) {
  fault("must be one of " + join(choices, ", "));
}

}  // namespace detail

}  // namespace oriel::json
