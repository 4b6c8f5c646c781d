#include <gtest/gtest.h>

#include "services/api/testing/running_api.h"

namespace oriel::api {
namespace {

using testing::RunningApi;
using testing::Who;

class PagesAndFiles : public ::testing::Test {
 protected:
  RunningApi api;
};

TEST_F(PagesAndFiles, ThePortalIsAtItsAddresses) {
  for (auto const path : {"/", "/sign-in", "/admin", "/admin/servers", "/?next=%2Fadmin"}) {
    auto const response = api.get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_NE(response.body.find("portal"), std::string::npos) << path;
    EXPECT_EQ(response.headers.get("cache-control"), "no-cache") << path;
  }
  auto const unknown = api.get("/no/such/page");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.find("portal"), std::string::npos);
  for (auto const path : {"/api/v1/nothing", "/assets/nothing.js", "/internal/other", "/index.html",
                          "/client/2/session.html"}) {
    EXPECT_EQ(api.get(path).status, 404) << path;
    EXPECT_EQ(testing::error_code(api.get(path)), "not_found") << path;
  }
}

TEST_F(PagesAndFiles, TheSessionPageFetchedBeforeANavigationServesIt) {
  auto const page = api.get("/sessions/" + SessionId::random().text());
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.get("cache-control"), "private, max-age=10");
}

TEST_F(PagesAndFiles, EveryAnswerCarriesItsHeaders) {
  for (auto const path :
       {"/", "/assets/portal-AAAA.js", "/api/v1/me", "/api/v1/openapi.json", "/nothing", "/live"}) {
    auto const response = api.get(path);
    EXPECT_EQ(response.headers.get("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(response.headers.get("referrer-policy"), "same-origin") << path;
    EXPECT_EQ(response.headers.get("cross-origin-opener-policy"), "same-origin") << path;
    ASSERT_TRUE(response.headers.get("content-security-policy")) << path;
    auto const policy = *response.headers.get("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'")) << path;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string_view::npos) << path;
    EXPECT_EQ(policy.find("unsafe-inline"), std::string_view::npos) << path;
    EXPECT_TRUE(response.headers.get("x-request-id")) << path;
  }
  EXPECT_EQ(api.get("/api/v1/me").headers.get("cache-control"), "no-store");
}

TEST_F(PagesAndFiles, FilesAreCompressedCachedAndConditional) {
  auto const plain = api.get("/assets/portal-AAAA.js");
  EXPECT_EQ(plain.body, "console.log('portal')");
  EXPECT_EQ(plain.headers.get("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(plain.headers.get("cache-control"), "public, max-age=31536000, immutable");
  Who browser;
  browser.headers["Accept-Encoding"] = "br, gzip;q=0.8";
  auto const small = api.get("/assets/portal-AAAA.js", browser);
  EXPECT_EQ(small.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(small.body, "compressed bytes");
  browser.headers["Accept-Encoding"] = "gzip;q=0";
  EXPECT_FALSE(api.get("/assets/portal-AAAA.js", browser).headers.get("content-encoding"));
  browser.headers["If-None-Match"] = std::string(*plain.headers.get("etag"));
  EXPECT_EQ(api.get("/assets/portal-AAAA.js", browser).status, 304);
}

TEST_F(PagesAndFiles, NothingOutsideTheWebAppCanBeReached) {
  for (auto const path : {"/../api.sock", "/assets/../../secret", "/assets/..%2f..%2fsecret",
                          "/%2e%2e/secret", "/assets/portal-AAAA.js.gz", "/assets/%00",
                          "/assets/./portal-AAAA.js", "//assets/portal-AAAA.js", "/etc/passwd", "/assets/"}) {
    auto const response = api.get(path);
    EXPECT_GE(response.status, 400) << path;
    EXPECT_EQ(response.body.find("console.log"), std::string::npos) << path;
  }
}

TEST_F(PagesAndFiles, ASessionGetsThePageOfItsVersion) {
  auto const user = api.sign_in("user@oriel.local");
  auto const session = api.launch(user);
  EXPECT_NE(api.get("/sessions/" + session.id.text(), user).body.find("session 2"), std::string::npos);
  api.execute("update sessions set client_protocol = 1");
  EXPECT_NE(api.get("/sessions/" + session.id.text(), user).body.find("session 1"), std::string::npos);
  // Others are not told which one it is.
  EXPECT_NE(api.get("/sessions/" + session.id.text()).body.find("session 2"), std::string::npos);
  auto const other = api.sign_in("other@oriel.local");
  EXPECT_NE(api.get("/sessions/" + session.id.text(), other).body.find("session 2"), std::string::npos);
  EXPECT_EQ(api.get("/sessions/nonsense").status, 200)
      << "the page itself says that there is no such session";
}

TEST_F(PagesAndFiles, AnUnknownAddressSaysWhatToSet) {
  Who stranger;
  stranger.headers["Host"] = "other.example<script>";
  auto const response = api.get("/", stranger);
  if (response.status != 400) {  // the server may refuse such a Host by itself
    EXPECT_EQ(response.status, 421);
    EXPECT_EQ(response.body.find("<script>"), std::string::npos);
  }
  stranger.headers["Host"] = "desk.example";
  auto const page = api.get("/", stranger);
  EXPECT_EQ(page.status, 421);
  EXPECT_NE(page.body.find("--public-url https://desk.example"), std::string::npos);
  EXPECT_NE(page.body.find("https://oriel.example:8443"), std::string::npos);
}

TEST_F(PagesAndFiles, ReadySaysWhatIsMissing) {
  auto const ready = api.get("/ready");
  EXPECT_EQ(ready.status, 200) << ready.body;
  EXPECT_TRUE(testing::body_of(ready).at("missing").as_array().empty());
  store::testing::TestDatabase::server().crash();
  auto const missing = api.get("/ready");
  store::testing::TestDatabase::server().start();
  EXPECT_EQ(missing.status, 503);
  EXPECT_EQ(testing::body_of(missing).at("missing").as_array().size(), 1U);
  EXPECT_EQ(api.get("/live").status, 200);
}

TEST_F(PagesAndFiles, TheDescriptionNamesEveryRouteAndNoOther) {
  auto const response = api.get("/api/v1/openapi.json");
  ASSERT_EQ(response.status, 200);
  auto const description = json::parse(response.body, {.bytes = 4 << 20, .depth = 64});
  ASSERT_TRUE(description) << description.error();
  std::map<std::string, std::string> described;
  for (auto const& path : description->at("paths").as_object()) {
    for (auto const& method : path.value().as_object()) {
      auto name = std::string(method.key());
      for (auto& c : name) c = static_cast<char>(std::toupper(c));
      described[name + " " + std::string(path.key())] =
          std::string(std::string_view(method.value().at("x-oriel-action").as_string()));
    }
  }
  for (auto const& route : api.api->router().routes()) {
    if (!route.path.starts_with("/api/")) continue;
    auto const found = described.find(route.method + " " + route.path);
    ASSERT_NE(found, described.end()) << route.method << " " << route.path << " is not described";
    EXPECT_EQ(found->second, route.action) << route.path;
    described.erase(found);
  }
  EXPECT_TRUE(described.empty()) << described.begin()->first << " is described, but no route";
}

}  // namespace
}  // namespace oriel::api
