// Structure-aware fuzz of the web API and the public operations. What there is to call comes from
// protocol/web-api/openapi.json: a new route is fuzzed by being described. ORIEL_FUZZ_SEED repeats a run,
// ORIEL_FUZZ_CALLS makes it longer.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <random>

#include <gtest/gtest.h>

#include "libs/base/text.h"
#include "libs/store/sign_ins.h"
#include "services/api/testing/described_calls.h"
#include "services/api/testing/running_api.h"

namespace oriel::api::testing {
namespace {

constexpr auto kMostTime = std::chrono::seconds(50);
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr double kCpuBound =
    1.0;  // seconds; the bar is 0.1 s of what is shipped, and sanitizers cost tenfold
#else
constexpr double kCpuBound = 0.1;
#endif
constexpr std::size_t kMostAnswer = 64 * 1024;  // of a refusal

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Control characters and those that turn the direction of writing, in any text of a value.
bool is_clean(json::Value const& value) {
  if (auto const* text = value.if_string()) return shown_text(*text, text->size()) == std::string_view(*text);
  if (auto const* array = value.if_array()) return std::ranges::all_of(*array, is_clean);
  if (auto const* object = value.if_object()) {
    return std::ranges::all_of(*object, [](auto const& entry) {
      return shown_text(entry.key(), entry.key().size()) == entry.key() && is_clean(entry.value());
    });
  }
  return true;
}

/// The API with somebody of each kind, and one session: made anew when a call has taken them away.
class World {
 public:
  World() { make(); }

  RunningApi& api() { return *api_; }

  Who who(std::string const& kind) {
    Who subject;
    if (kind == "user") subject = user_;
    if (kind == "administrator") subject = administrator_;
    if (kind == "key") subject.from_our_pages = false;
    return subject;
  }

  /// An id for a `{name}` of a path or a field, of what there is.
  std::string id_for(std::string_view word) {
    if (word.find("session") != std::string_view::npos || word.find("kasm") != std::string_view::npos)
      return session_.text();
    if (word.find("user") != std::string_view::npos) return api_->other.text();
    if (word.find("workspace") != std::string_view::npos) return api_->basics.image.text();
    return SessionId::random().text();
  }

  /// What the tables hold. The audit and what a look at a sign-in moves are left out: refusals are written
  /// there; so are the services' reports of themselves, which are written by the clock.
  std::string state() {
    auto const rows = api_->loop.run(api_->owner->query(
        "select coalesce(string_agg(format('select %L || coalesce(md5(string_agg(md5(t::text), '''' order by "
        "md5(t::text))), '''') as hash from (select %s from %I) t', table_name, columns, table_name), ' "
        "union all "
        "'), '') as query from (select c.table_name, string_agg(format('%I', c.column_name), ', ' order by "
        "c.ordinal_position) as columns from information_schema.columns c join information_schema.tables i "
        "on "
        "i.table_schema = c.table_schema and i.table_name = c.table_name and i.table_type = 'BASE TABLE' "
        "where "
        "c.table_schema = 'public' and c.table_name not like 'audit%' and c.table_name <> 'service_reports' "
        "and c.column_name not in "
        "('last_used_at') "
        "group by c.table_name) x"));
    if (!rows) throw std::runtime_error(rows.error().message);
    auto const hashes =
        api_->loop.run(api_->owner->query("select string_agg(hash, ' ' order by hash) as state from (" +
                                          std::string(rows->front().view("query")) + ") h"));
    if (!hashes) throw std::runtime_error(hashes.error().message);
    return std::string(hashes->front().view("state"));
  }

  /// After a call that changed something: everybody is there and may go on.
  void mend() {
    try {
      api_->execute("update users set disabled = false, locked = false");
      api_->execute("delete from sessions");
      sign_in();
      bool const good = api_->get("/api/v1/me", user_).status == 200 &&
                        api_->get("/api/v1/admin/sessions", administrator_).status == 200;
      if (good) {
        launch();
        return;
      }
    } catch (std::exception const&) {
      // Somebody is gone.
    }
    api_.reset();
    make();
  }

 private:
  void make() {
    api_ = std::make_unique<RunningApi>();
    std::vector<int> every;
    every.reserve(1000);
    for (int number = 0; number < 1000; ++number) every.push_back(number);
    api_->make_key("fuzz", every);
    sign_in();
    launch();
  }
  void launch() {
    store::SessionRequest request;
    request.user = api_->basics.user;
    request.image = api_->basics.image;
    request.actor.kind = "user";
    auto session = api_->loop.run(store::request_session(*api_->owner, request));
    if (!session) throw std::runtime_error(session.error().message);
    session_ = session->id;
    api_->make_running(session_);
  }
  Who signed_in(UserId user) {
    Who who;
    who.cookie = random_token();
    store::NewSignIn sign_in;
    sign_in.token_hash = crypto::keyed_hash(api_->token_key, who.cookie);
    sign_in.user = user;
    auto made = api_->loop.run(store::create_sign_in(*api_->owner, sign_in));
    if (!made) throw std::runtime_error(made.error().message);
    return who;
  }
  void sign_in() {
    user_ = signed_in(api_->basics.user);
    administrator_ = signed_in(api_->basics.administrator);
  }

  std::unique_ptr<RunningApi> api_;
  Who user_;
  Who administrator_;
  SessionId session_{};
};

/// What is wrong with an answer; empty: nothing.
std::string fault_of(DescribedCall const& call, http::Response const& response) {
  if (response.status >= 500) return "the service is at fault";
  if (response.status < 400) return "";
  if (response.body.size() > kMostAnswer) return "the refusal repeats what was sent";
  auto const body = json::parse(response.body, {.bytes = kMostAnswer, .depth = 32});
  if (!body || !body->is_object()) return "the refusal is no JSON object";
  if (!is_clean(*body)) return "the refusal repeats control characters";
  if (call.operation.is_public) {
    auto const* message = body->get_object().if_contains("error_message");
    // What is no request at all is refused before anybody knows whose it is.
    if (message == nullptr && body->get_object().contains("error")) return "";
    return message != nullptr && message->is_string() && !message->get_string().empty() ? ""
                                                                                        : "no error_message";
  }
  auto const* error = body->get_object().if_contains("error");
  if (error == nullptr || !error->is_object()) return "no error";
  auto const* message = error->get_object().if_contains("message");
  if (message == nullptr || !message->is_string() || message->get_string().size() < 8) return "no message";
  return "";
}

TEST(ApiFuzz, EveryDescribedCallIsAnsweredOrRefusedAndARefusalChangesNothing) {
  char const* const given = std::getenv("ORIEL_FUZZ_SEED");
  auto const seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  char const* const wanted = std::getenv("ORIEL_FUZZ_CALLS");
  std::size_t const most = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 2000;
  std::mt19937_64 random(seed);

  auto const operations = described_operations();
  ASSERT_GE(operations.size(), 20U);
  auto cells = cells_of(operations);
  std::ranges::shuffle(cells, random);

  World world;
  // A wrong password costs a hash, whoever sends it.
  auto const before_hash = cpu_seconds();
  (void)world.api().try_sign_in("nobody@oriel.local", "x");
  double const hash_cost = cpu_seconds() - before_hash;

  auto state = world.state();
  std::size_t calls = 0;
  std::size_t refused = 0;
  double slowest = 0;
  std::map<std::string, std::size_t> seen;
  auto const until =
      std::chrono::steady_clock::now() + (wanted != nullptr ? std::chrono::hours(10) : kMostTime);
  for (auto const& cell : cells) {
    if (calls >= most || std::chrono::steady_clock::now() > until) break;
    auto const call = make_call(cell, [&world](std::string_view word) { return world.id_for(word); });
    auto who = world.who(cell.subject);
    for (auto const& [name, value] : call.headers) who.headers[name] = value;
    // Wrong passwords and keys are counted by address: each call has one of its own.
    who.address = "198.18." + std::to_string(calls / 250 % 250) + "." + std::to_string(calls % 250 + 1);
    auto const where = "ORIEL_FUZZ_SEED=" + std::to_string(seed) + " call " + std::to_string(calls) + ": " +
                       cell.subject + " " + call.text();
    ++calls;
    ++seen[call.operation.method + " " + call.operation.path];

    double cost = 1e9;
    http::Response response;
    bool changed = false;
    for (int attempt = 0; attempt < 3 && cost > kCpuBound && !changed; ++attempt) {
      auto const begin = cpu_seconds();
      response = world.api().send(call.operation.method, call.target, who, call.body);
      cost = std::min(cost, cpu_seconds() - begin);
      changed = response.status < 400;
    }
    if (call.operation.path == "/api/v1/sign-in") cost -= hash_cost;
    if (!changed) slowest = std::max(slowest, cost);
    if (!changed) EXPECT_LE(cost, kCpuBound) << where << "\n" << response.status;
    auto const fault = fault_of(call, response);
    EXPECT_TRUE(fault.empty()) << where << "\n"
                               << response.status << " " << response.body.substr(0, 2000) << "\n"
                               << fault;

    auto const now = world.state();
    if (response.status >= 400) {
      ++refused;
      EXPECT_EQ(now, state) << where << "\n" << response.status << " changed the tables";
    }
    if (now != state) {
      world.mend();
      state = world.state();
    }
    if (::testing::Test::HasFailure() && std::getenv("ORIEL_FUZZ_GO_ON") == nullptr) break;
  }
  std::printf(
      "ORIEL_FUZZ_SEED=%llu: %zu calls of %zu possible, %zu operations of %zu, %zu refused, slowest %.1f "
      "ms\n",
      static_cast<unsigned long long>(seed), calls, cells.size(), seen.size(), operations.size(), refused,
      slowest * 1e3);
  EXPECT_GT(refused, calls / 4) << "most of what is sent should be refused";
  EXPECT_GT(calls, 100U);
}

}  // namespace
}  // namespace oriel::api::testing
