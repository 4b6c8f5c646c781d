#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <boost/describe/bases.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include "libs/base/clock.h"
#include "libs/base/id.h"
#include "libs/base/limits.h"
#include "libs/base/result.h"

/// JSON text <-> values <-> structs described with BOOST_DESCRIBE_STRUCT.
///
///     struct Create { std::string name; std::optional<int> width; };
///     BOOST_DESCRIBE_STRUCT(Create, (), (name, width))
///     auto create = json::parse_as<Create>(request.body);
///
/// Reading collects every fault of the document, each with its RFC 6901 pointer, in Error::fields.
/// Bound types: bool, integers (range checked), double, std::string (UTF-8), Id<…>, WallTime (RFC 3339),
/// described enums
/// (`kNoCapacity` is "no_capacity"; enumerators without k keep their spelling), std::optional (absent or
/// null), std::vector, std::map and std::unordered_map with text keys, described structs with their bases,
/// and raw Value/Object/Array, which take anything of that shape. A member that is absent is an error unless
/// it is an optional, or the struct says `static constexpr bool kAbsentKeepsDefault = true;`.
namespace oriel::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

struct ParseLimits {
  std::size_t bytes = limits::kJsonBytes;
  std::size_t depth = limits::kJsonDepth;
};

/// RFC 8259 text, whole; refuses duplicate keys, bad UTF-8, numbers outside double, and what is above the
/// limits.
[[nodiscard]] Result<Value> parse(std::string_view text, ParseLimits parse_limits = {});

/// Compact text.
[[nodiscard]] std::string text(Value const& value);

/// The pointer of the first text or key that holds U+0000, which no file name, variable or column can hold;
/// nullopt when there is none.
[[nodiscard]] std::optional<std::string> find_nul(Value const& value);

/// What happens to members that the struct does not have.
enum class Unknown { kRefuse, kIgnore };
/// How an empty optional is written.
enum class Absent { kNull, kOmit };

/// `kNoCapacity` → `no_capacity`; anything not starting with k and a capital is returned as it is.
[[nodiscard]] std::string enumerator_text(std::string_view enumerator);

/// An enumerator's JSON text; `?` for a value outside the enum.
template <typename Enum>
  requires std::is_enum_v<Enum>
[[nodiscard]] std::string enum_text(Enum value) {
  std::string found = "?";
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto descriptor) {
    if (descriptor.value == value) found = enumerator_text(descriptor.name);
  });
  return found;
}

template <typename Enum>
  requires std::is_enum_v<Enum>
[[nodiscard]] std::optional<Enum> enum_from_text(std::string_view text) {
  std::optional<Enum> found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto descriptor) {
    if (enumerator_text(descriptor.name) == text) found = descriptor.value;
  });
  return found;
}

namespace detail {

/// Collects faults while a document is read.
class Reader {
 public:
  explicit Reader(Unknown unknown) : unknown_(unknown) {}

  [[nodiscard]] Unknown unknown() const { return unknown_; }
  void fault(std::string message);
  /// Enters a member or element; leave() must follow.
  void enter(std::string_view key);
  void enter(std::size_t index);
  void leave() { pointer_.resize(marks_.back()), marks_.pop_back(); }

  [[nodiscard]] bool failed() const { return !faults_.empty(); }
  [[nodiscard]] Error error() const;

  // The scalars, compiled once.
  bool read(Value const& value, bool& into);
  bool read(Value const& value, double& into);
  bool read(Value const& value, std::string& into);
  bool read_signed(Value const& value, std::int64_t& into, std::int64_t least, std::int64_t most);
  bool read_unsigned(Value const& value, std::uint64_t& into, std::uint64_t most);
  bool read(Value const& value, WallTime& into);
  bool read_id(Value const& value, oriel::detail::IdBytes& into);
  /// The object, or null after noting the fault.
  Object const* object(Value const& value);
  Array const* array(Value const& value);
  void wrong_choice(std::vector<std::string> const& choices);

 private:
  Unknown unknown_;
  std::string pointer_;
  std::vector<std::size_t> marks_;
  std::vector<FieldError> faults_;
};

template <typename T>
concept Described = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
inline constexpr bool kIsVector = false;
template <typename T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <typename T>
inline constexpr bool kIsMap = false;
template <typename T>
inline constexpr bool kIsMap<std::map<std::string, T>> = true;
template <typename T>
inline constexpr bool kIsMap<std::map<std::string, T, std::less<>>> = true;
template <typename T>
inline constexpr bool kIsMap<std::unordered_map<std::string, T>> = true;

template <typename T>
using MembersOf =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <typename T>
consteval bool absent_keeps_default() {
  if constexpr (requires { T::kAbsentKeepsDefault; }) {
    return T::kAbsentKeepsDefault;
  } else {
    return false;
  }
}

template <typename T>
bool read_value(Reader& reader, Value const& value, T& into);

template <Described T>
bool read_struct(Reader& reader, Value const& value, T& into) {
  auto const* object = reader.object(value);
  if (object == nullptr) return false;
  bool good = true;
  std::size_t known = 0;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto descriptor) {
    using Member = std::remove_cvref_t<decltype(into.*descriptor.pointer)>;
    auto const* member = object->if_contains(descriptor.name);
    reader.enter(std::string_view(descriptor.name));
    if (member != nullptr) {
      ++known;
      good = read_value(reader, *member, into.*descriptor.pointer) && good;
    } else if constexpr (!kIsOptional<Member> && !absent_keeps_default<T>()) {
      reader.fault("required");
      good = false;
    }
    reader.leave();
  });
  if (reader.unknown() == Unknown::kRefuse && known != object->size()) {
    for (auto const& entry : *object) {
      bool is_member = false;
      boost::mp11::mp_for_each<MembersOf<T>>([&](auto descriptor) {
        is_member = is_member || std::string_view(entry.key()) == descriptor.name;
      });
      if (is_member) continue;
      reader.enter(std::string_view(entry.key()));
      reader.fault("unknown field");
      reader.leave();
      good = false;
    }
  }
  return good;
}

template <typename T>
bool read_value(Reader& reader, Value const& value, T& into) {
  if constexpr (std::same_as<T, Value>) {
    into = value;
    return true;
  } else if constexpr (std::same_as<T, Object>) {
    auto const* object = reader.object(value);
    if (object != nullptr) into = *object;
    return object != nullptr;
  } else if constexpr (std::same_as<T, Array>) {
    auto const* array = reader.array(value);
    if (array != nullptr) into = *array;
    return array != nullptr;
  } else if constexpr (kIsOptional<T>) {
    if (value.is_null()) {
      into.reset();
      return true;
    }
    return read_value(reader, value, into.emplace());
  } else if constexpr (std::same_as<T, bool> || std::same_as<T, double> || std::same_as<T, std::string> ||
                       std::same_as<T, WallTime>) {
    return reader.read(value, into);
  } else if constexpr (std::signed_integral<T>) {
    std::int64_t wide = 0;
    if (!reader.read_signed(value, wide, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()))
      return false;
    into = static_cast<T>(wide);
    return true;
  } else if constexpr (std::unsigned_integral<T>) {
    std::uint64_t wide = 0;
    if (!reader.read_unsigned(value, wide, std::numeric_limits<T>::max())) return false;
    into = static_cast<T>(wide);
    return true;
  } else if constexpr (kIsId<T>) {
    oriel::detail::IdBytes bytes{};
    if (!reader.read_id(value, bytes)) return false;
    into = T(bytes);
    return true;
  } else if constexpr (std::is_enum_v<T>) {
    std::optional<T> found;
    if (value.is_string()) found = enum_from_text<T>(std::string_view(value.get_string()));
    if (!found) {
      std::vector<std::string> choices;
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
          [&](auto descriptor) { choices.push_back(enumerator_text(descriptor.name)); });
      reader.wrong_choice(choices);
      return false;
    }
    into = *found;
    return true;
  } else if constexpr (kIsVector<T>) {
    auto const* array = reader.array(value);
    if (array == nullptr) return false;
    bool good = true;
    into.clear();
    into.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      reader.enter(i);
      typename T::value_type element{};
      good = read_value(reader, (*array)[i], element) && good;
      into.push_back(std::move(element));
      reader.leave();
    }
    return good;
  } else if constexpr (kIsMap<T>) {
    auto const* object = reader.object(value);
    if (object == nullptr) return false;
    bool good = true;
    into.clear();
    for (auto const& entry : *object) {
      reader.enter(std::string_view(entry.key()));
      good = read_value(reader, entry.value(), into[std::string(entry.key())]) && good;
      reader.leave();
    }
    return good;
  } else {
    static_assert(Described<T>, "describe this type with BOOST_DESCRIBE_STRUCT");
    return read_struct(reader, value, into);
  }
}

}  // namespace detail

/// Reads a described type; on failure kInvalid with every fault in `fields`.
template <typename T>
[[nodiscard]] Result<T> read(Value const& value, Unknown unknown = Unknown::kRefuse) {
  detail::Reader reader(unknown);
  T into{};
  if (!detail::read_value(reader, value, into) || reader.failed()) return reader.error();
  return into;
}

/// parse() and read() in one.
template <typename T>
[[nodiscard]] Result<T> parse_as(std::string_view text, Unknown unknown = Unknown::kRefuse,
                                 ParseLimits parse_limits = {}) {
  auto value = parse(text, parse_limits);
  if (!value) return value.error();
  return read<T>(*value, unknown);
}

/// Writes any bound type.
template <typename T>
[[nodiscard]] Value write(T const& from, Absent absent = Absent::kNull) {
  if constexpr (std::same_as<T, Value> || std::same_as<T, bool> || std::same_as<T, double>) {
    return Value(from);
  } else if constexpr (std::same_as<T, Object> || std::same_as<T, Array>) {
    return Value(from);
  } else if constexpr (std::integral<T>) {
    if constexpr (std::signed_integral<T>) return Value(static_cast<std::int64_t>(from));
    return Value(static_cast<std::uint64_t>(from));
  } else if constexpr (std::same_as<T, WallTime>) {
    return Value(rfc3339(from));
  } else if constexpr (kIsId<T>) {
    return Value(from.text());
  } else if constexpr (std::is_enum_v<T>) {
    return Value(enum_text(from));
  } else if constexpr (std::convertible_to<T const&, std::string_view>) {
    return Value(std::string_view(from));
  } else if constexpr (detail::kIsOptional<T>) {
    if (!from) return Value(nullptr);
    return write(*from, absent);
  } else if constexpr (detail::kIsVector<T>) {
    Array array;
    array.reserve(from.size());
    for (auto const& element : from)
      array.push_back(write(static_cast<typename T::value_type>(element), absent));
    return array;
  } else if constexpr (detail::kIsMap<T>) {
    Object object;
    for (auto const& [key, element] : from) object.emplace(key, write(element, absent));
    return object;
  } else {
    static_assert(detail::Described<T>, "describe this type with BOOST_DESCRIBE_STRUCT");
    Object object;
    boost::mp11::mp_for_each<detail::MembersOf<T>>([&](auto descriptor) {
      using Member = std::remove_cvref_t<decltype(from.*descriptor.pointer)>;
      if constexpr (detail::kIsOptional<Member>) {
        if (absent == Absent::kOmit && !(from.*descriptor.pointer)) return;
      }
      object.emplace(descriptor.name, write(from.*descriptor.pointer, absent));
    });
    return object;
  }
}

/// write() as compact text.
template <typename T>
[[nodiscard]] std::string write_text(T const& from, Absent absent = Absent::kNull) {
  return text(write(from, absent));
}

}  // namespace oriel::json
