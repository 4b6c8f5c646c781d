#include "libs/base/uri.h"

#include <gtest/gtest.h>

namespace oriel {
namespace {

TEST(EndpointTest, EveryFormIsReadAndWritten) {
  for (auto const* text : {"unix:/run/x.sock", "tcp:127.0.0.1:8080", "tls:host.example:8443", "tcp:[::1]:1",
                           "tcp:localhost:0"}) {
    auto const endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint.has_value()) << text;
    EXPECT_EQ(endpoint->text(), text);
  }
  EXPECT_EQ(Endpoint::parse("tcp:[::1]:1")->host, "::1");
  EXPECT_EQ(Endpoint::parse("unix:/x").value(), Endpoint::unix_path("/x"));
}

TEST(EndpointTest, OthersAreRefusedWithAReason) {
  for (std::string const text :
       {"", "/run/x", "unix:x", "unix:", "tcp:host", "tcp::1", "tcp:host:", "tcp:host:65536", "tcp:host:-1",
        "tcp:host:1x", "tcp:::1:1", "http://x", "tls:a b:1", "tls:user@host:1"}) {
    EXPECT_FALSE(Endpoint::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(Endpoint::parse("unix:/" + std::string(100, 'x')).has_value());
  EXPECT_NE(Endpoint::parse("tcp:host").error().message.find("the port is missing"), std::string::npos);
}

}  // namespace
}  // namespace oriel
