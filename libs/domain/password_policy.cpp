#include "libs/domain/password_policy.h"

#include <algorithm>
#include <iterator>

#include "libs/base/limits.h"
#include "libs/base/text.h"

namespace oriel::domain {
namespace {

// What lists of leaked passwords begin with, of eight characters and more, in lower case and in order.
constexpr std::string_view kGuessedFirst[] = {
    "00000000",     "0123456789",   "0987654321",  "111111111",    "1111111111",    "11111111",
    "11223344",     "112233445566", "12121212",    "123123123",    "1234512345",    "12341234",
    "123456123456", "1234567890",   "12345678910", "1234567891",   "123456789",     "12345678",
    "123456789a",   "12345678a",    "123456abc",   "123456qwerty", "1234qwer",      "123abc123",
    "123qweasd",    "123qweasdzxc", "12qwaszx",    "147258369",    "159357456",     "1q2w3e4r",
    "1q2w3e4r5t",   "1q2w3e4r5t6y", "1qaz2wsx",    "1qaz2wsx3edc", "1qazxsw2",      "20202020",
    "22222222",     "31415926",     "33333333",    "44444444",     "55555555",      "66666666",
    "77777777",     "87654321",     "88888888",    "963852741",    "987654321",     "9876543210",
    "99999999",     "a1234567",     "a12345678",   "a123456789",   "aa123456",      "aa12345678",
    "aaaaaaaa",     "abc12345",     "abc123456",   "abcd1234",     "abcdefgh",      "abcdefghi",
    "access14",     "admin123",     "admin1234",   "admin12345",   "administrator", "adminadmin",
    "alexander",    "anthony1",     "asdasdasd",   "asdf1234",     "asdfasdf",      "asdfghjk",
    "asdfghjkl",    "azertyuiop",   "babygirl",    "baseball",     "baseball1",     "basketball",
    "benjamin",     "birthday",     "blink182",    "butterfly",    "changeit",      "changeme",
    "changeme1",    "charlie1",     "chocolate",   "christian",    "christmas",     "computer",
    "corvette",     "danielle",     "default1",    "dragon123",    "einstein",      "elizabeth",
    "fantasy1",     "football",     "football1",   "friends1",     "garfield",      "gfhjkm123",
    "godzilla",     "green123",     "guest123",    "hallo123",     "hello123",      "helloworld",
    "iloveyou",     "iloveyou1",    "iloveyou2",   "internet",     "isabelle",      "jennifer",
    "jessica1",     "jordan23",     "kristina",    "letmein1",     "letmein123",    "liverpool",
    "liverpool1",   "lol123456",    "loveyou1",    "manchester",   "marlboro",      "maverick",
    "mercedes",     "metallica",    "michael1",    "michelle",     "midnight",      "monkey123",
    "motdepasse",   "mustang1",     "mypassword",  "myspace1",     "newpassword",   "nicholas",
    "november",     "oriel123",     "orieloriel",  "p@ssw0rd",     "p@ssword",      "p@ssword1",
    "pa$$w0rd",     "pa55word",     "passw0rd",    "passw0rd1",    "password",      "password!",
    "password1",    "password12",   "password123", "password1234", "password2",     "password99",
    "passwort",     "passwort1",    "pokemon123",  "princess",     "princess1",     "q1w2e3r4",
    "q1w2e3r4t5",   "qazwsx123",    "qazwsxedc",   "qwer1234",     "qwert123",      "qwerty12",
    "qwerty123",    "qwerty1234",   "qwerty12345", "qwerty123456", "qwertyui",      "qwertyuiop",
    "qwertz123",    "qwertzui",     "qwertzuiop",  "recovery",     "remember",      "root1234",
    "rootroot",     "samantha",     "samsung1",    "scorpion",     "secret123",     "september",
    "shadow123",    "spiderman",    "standard",    "starwars",     "steelers",      "stephanie",
    "sunshine",     "sunshine1",    "superman",    "superman1",    "superstar",     "swordfish",
    "test1234",     "test12345",    "testtest",    "thomas123",    "tigger123",     "trustno1",
    "unknown1",     "user1234",     "valentina",   "victoria",     "vagrant1",      "welcome1",
    "welcome123",   "whatever",     "william1",    "willkommen",   "winter2024",    "winter2025",
    "winter2026",   "summer2024",   "summer2025",  "summer2026",   "zaq12wsx",      "zaq1zaq1",
    "zxcvbnm1",     "zxcvbnm123",   "zxcvbnmzxc",  "zzzzzzzz",
};

std::size_t characters(std::string_view text) {
  // Every byte but the continuation of a character begins one.
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

}  // namespace

std::optional<std::string> password_fault(std::string_view password, std::string_view username) {
  if (characters(password) < kPasswordCharacters) {
    return "Use at least " + std::to_string(kPasswordCharacters) +
           " characters. A sentence is easy to remember and hard to guess.";
  }
  if (password.size() > limits::kPasswordBytes) {
    return "Use at most " + std::to_string(limits::kPasswordBytes) + " bytes.";
  }
  auto const lower = lower_ascii(password);
  auto const repeats = std::ranges::all_of(lower, [&lower](char byte) { return byte == lower.front(); });
  if (repeats || std::ranges::find(kGuessedFirst, lower) != std::end(kGuessedFirst)) {
    return "This is one of the passwords that are guessed first. Choose another.";
  }
  auto const name = lower_ascii(trim(username));
  if (!name.empty() && (lower == name || lower == name.substr(0, name.find('@')))) {
    return "The user name is no password. Choose another.";
  }
  return std::nullopt;
}

}  // namespace oriel::domain
