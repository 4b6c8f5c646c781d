#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace oriel {

namespace detail {
using IdBytes = std::array<std::uint8_t, 16>;
[[nodiscard]] IdBytes random_id_bytes();
[[nodiscard]] std::optional<IdBytes> parse_id_bytes(std::string_view text);
[[nodiscard]] std::string id_text(IdBytes const& bytes, bool dashes);
}  // namespace detail

/// A 128-bit id. Each `Kind` is a type of its own: a UserId is never taken for a SessionId.
template <typename Kind>
class Id {
 public:
  /// All zero: "none". Never made by random().
  constexpr Id() = default;
  explicit constexpr Id(detail::IdBytes const& bytes) : bytes_(bytes) {}

  /// From the kernel's random source.
  [[nodiscard]] static Id random() { return Id(detail::random_id_bytes()); }

  /// Accepts exactly 32 hex digits or a dashed UUID, any case; nothing else.
  [[nodiscard]] static std::optional<Id> parse(std::string_view text) {
    auto const bytes = detail::parse_id_bytes(text);
    if (!bytes) return std::nullopt;
    return Id(*bytes);
  }

  /// 32 lower-case hex digits: the form that is shown everywhere.
  [[nodiscard]] std::string text() const { return detail::id_text(bytes_, false); }
  /// 8-4-4-4-12, as PostgreSQL writes a uuid.
  [[nodiscard]] std::string dashed() const { return detail::id_text(bytes_, true); }

  [[nodiscard]] constexpr bool is_nil() const { return bytes_ == detail::IdBytes{}; }
  [[nodiscard]] constexpr detail::IdBytes const& bytes() const { return bytes_; }

  friend constexpr auto operator<=>(Id const&, Id const&) = default;
  friend std::ostream& operator<<(std::ostream& out, Id const& id) { return out << id.text(); }

 private:
  detail::IdBytes bytes_{};
};

/// True for every Id<…>; the JSON binder and the store read and write ids by it.
template <typename T>
inline constexpr bool kIsId = false;
template <typename Kind>
inline constexpr bool kIsId<Id<Kind>> = true;

using SessionId = Id<struct SessionKind>;
using ImageId = Id<struct ImageKind>;
using UserId = Id<struct UserKind>;
using GroupId = Id<struct GroupKind>;
using AgentId = Id<struct AgentKind>;
using ZoneId = Id<struct ZoneKind>;
using ApiKeyId = Id<struct ApiKeyKind>;
using SignInId = Id<struct SignInKind>;
using ViewerId = Id<struct ViewerKind>;
using ShareId = Id<struct ShareKind>;
using RegistryId = Id<struct RegistryKind>;
using AuditId = Id<struct AuditKind>;
using RequestId = Id<struct RequestKind>;
using InstanceId = Id<struct InstanceKind>;
using ManagerId = Id<struct ManagerKind>;
using TokenId = Id<struct TokenKind>;
using MessageId = Id<struct MessageKind>;

}  // namespace oriel

template <typename Kind>
struct std::hash<oriel::Id<Kind>> {
  std::size_t operator()(oriel::Id<Kind> const& id) const noexcept {
    // Ids are random: any eight of their bytes are a hash.
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = (value << 8) | id.bytes()[i];
    return value;
  }
};
