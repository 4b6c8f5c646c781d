// Requests that two readers in a row could take for different ones: each is refused, or read in the one way
// that is written here (nginx's too). The corpus is fuzz/corpus/http_request.
#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "fuzz/http_request.h"
#include "libs/base/file.h"

namespace oriel::fuzz {
namespace {

using Taken = std::vector<std::string>;

/// Of the corpus' files: what a handler sees. Everything else must not reach one.
std::map<std::string, Taken> const& taken() {
  static std::map<std::string, Taken> const files{
      {"get", {"GET / "}},
      {"pipeline", {"GET /a ", "POST /b abc", "GET /c?d=e "}},
      {"chunked", {"POST / hello"}},
      {"chunk_trailer", {"POST / a"}},
      {"chunk_leading_zeros", {"POST / hello"}},
      {"connection_lists_fields", {"GET / "}},
      {"http_1_0", {"GET / "}},
      {"expect", {"POST / a"}},
      {"get_with_body", {"GET / GET /smuggled HTTP/1.1\r\nHost: x\r\n"}},
      {"head", {"HEAD / "}},
      {"query", {"GET /?a=1&b=%20+c&&=&d "}},
      {"cookie", {"GET / "}},
      {"upgrade_h2c", {"GET / "}},
      {"method_lower", {"get / "}},
      {"method_long", {std::string(300, 'A') + " / "}},
      // Beast unfolds what RFC 9112 lets it unfold. nginx drops such lines, so none comes through it.
      {"obs_fold", {"GET / "}},
      {"obs_fold_te", {"POST / "}},
  };
  return files;
}

TEST(Desync, EachRequestOfTheCorpusIsRefusedOrHasOneReading) {
  std::size_t files = 0;
  auto const corpus = std::filesystem::path(ORIEL_SOURCE_DIRECTORY) / "fuzz" / "corpus" / "http_request";
  for (auto const& entry : std::filesystem::directory_iterator(corpus)) {
    auto const bytes = read_file(entry.path().string());
    ASSERT_TRUE(bytes);
    auto const name = entry.path().filename().string();
    auto const expected = taken().find(name);
    EXPECT_EQ(requests_taken(*bytes), expected == taken().end() ? Taken{} : expected->second) << name;
    ++files;
  }
  EXPECT_GT(files, 60U);
}

}  // namespace
}  // namespace oriel::fuzz
