#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "libs/domain/permissions.h"
#include "protocol/authorization/route.h"
#include "services/api/testing/running_api.h"

// How many statements a list costs, and whether it reads a table from end to end: neither may grow with the
// rows.

namespace oriel::api {
namespace {

using testing::RunningApi;
using testing::Who;

constexpr int kHistory = 100'000;  // sessions; with 1,000 users, 100 servers and as many lines of the audit
constexpr int kMostPages = 900;    // pages of 8 KiB that one list may touch; the history alone has some 5,000

/// What a list asked of the database.
struct Cost {
  std::int64_t statements = 0;
  std::int64_t pages = 0;  ///< of tables and indexes, wherever they were found
};

class ListQueries : public ::testing::Test {
 protected:
  ListQueries() : admin(api.sign_in("admin@oriel.local")) {
    api.execute("create extension pg_stat_statements");
    api.make_key("everything", {static_cast<int>(domain::Permission::kGlobalAdmin)});
  }

  void set_triggers(std::string const& how) {
    for (auto const* table : {"sessions", "agents"})
      api.execute(std::string("alter table ") + table + " " + how + " trigger user");
  }

  void fill(int sessions) {
    auto const count = std::to_string(sessions);
    set_triggers("disable");
    api.execute(
        "insert into users (id, username, username_key) select gen_random_uuid(), 'u' || n, 'u' || n from "
        "generate_series(1, " +
        std::to_string(std::max(10, sessions / 100)) + ") n on conflict do nothing");
    api.execute(
        "insert into agents (id, hostname, zone_id, public_key, certificate_pem) select gen_random_uuid(), "
        "'server' || n, (select id from zones limit 1), '', '' from generate_series(1, " +
        std::to_string(std::max(2, sessions / 1000)) + ") n");
    api.execute(
        "insert into sessions (id, user_id, image_id, agent_id, desired, state, cores, memory_bytes, "
        "created_at, "
        "ended_at, released_at) select gen_random_uuid(), (array(select id from users))[1 + n % (select "
        "count(*) "
        "from users)], (select id from images limit 1), (array(select id from agents))[1 + n % (select "
        "count(*) "
        "from agents)], 'ended', 'ended', 1, 1, now() - n * interval '5 minutes', now() - n * interval '4 "
        "minutes', now() - n * interval '4 minutes' from generate_series(1, " +
        count + ") n");
    api.execute(
        "insert into audit (at, actor_kind, action, object_kind, object_id) select now() - n * interval '5 "
        "minutes', 'user', 'session.request', 'session', n::text from generate_series(1, " +
        count + ") n");
    set_triggers("enable");
    for (auto const* table : {"sessions", "users", "agents", "audit"})
      api.execute(std::string("analyze ") + table);
  }

  Cost cost_of(std::function<http::Response()> const& ask, std::string const& name) {
    (void)ask();  // what is read once and kept is no cost of the list
    api.execute("select pg_stat_statements_reset()");
    auto const response = ask();
    EXPECT_EQ(response.status, 200) << name << ": " << response.body.substr(0, 300);
    std::string const of_the_api =
        " from pg_stat_statements where userid = 'oriel_api'::regrole and dbid = (select oid from "
        "pg_database "
        "where datname = current_database())";
    return {api.count("select coalesce(sum(calls), 0)::bigint as count" + of_the_api),
            api.count("select coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint as count" +
                      of_the_api)};
  }

  std::map<std::string, Cost> costs() {
    std::map<std::string, Cost> found;
    for (auto const& [method, path, action] : lists()) {
      auto const name = method + " " + path;
      found[name] = cost_of(
          [&] {
            return method == "GET" ? api.get(path, admin)
                                   : api.call(path.substr(std::string("/api/public/").size()), "everything");
          },
          name);
    }
    return found;
  }

  struct List {
    std::string method, path, action;
  };
  /// Every route that gives a list: a new one is here by itself.
  static std::vector<List> lists() {
    std::vector<List> found;
    // An export gives all there is, in pieces; the compatible list of users has no pages in that API.
    std::set<std::string> const alone{"/api/v1/events", "/api/v1/openapi.json", "/api/v1/me",
                                      "/api/v1/admin/audit/export"};
    for (auto const& route : protocol::authorization::kRows) {
      std::string const path(route.path);
      bool const own = route.method == "GET" && path.starts_with("/api/v1/") &&
                       path.find('{') == std::string::npos && !alone.contains(path);
      bool const compatible = path == "/api/public/get_users" || path == "/api/public/get_images" ||
                              path == "/api/public/get_zones" || path == "/api/public/get_kasms";
      if (route.service == protocol::authorization::kApi && (own || compatible))
        found.push_back({std::string(route.method), path, std::string(route.action)});
    }
    return found;
  }

  RunningApi api;
  Who admin;
};

TEST_F(ListQueries, CostTheSameHoweverManyRowsThereAre) {
  fill(100);
  auto const few = costs();
  fill(kHistory);
  auto const many = costs();
  ASSERT_GE(few.size(), 6U);
  for (auto const& [name, cost] : many) {
    std::printf("%-40s %2lld statements, with 100,000 sessions %2lld; pages touched %lld\n", name.c_str(),
                static_cast<long long>(few.at(name).statements), static_cast<long long>(cost.statements),
                static_cast<long long>(cost.pages));
    EXPECT_EQ(cost.statements, few.at(name).statements) << name;
    EXPECT_GT(cost.statements, 0) << name;
    if (name != "POST /api/public/get_users")
      EXPECT_LE(cost.pages, kMostPages) << name << " reads a large table from end to end";
  }
}

}  // namespace
}  // namespace oriel::api
