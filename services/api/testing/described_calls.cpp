#include "services/api/testing/described_calls.h"

#include <stdexcept>

#include "libs/base/file.h"
#include "libs/base/json.h"
#include "libs/base/text.h"
#include "services/api/access.h"

namespace oriel::api::testing {
namespace {

constexpr std::size_t kLongText = 1024 * 1024;

std::string text_in(json::Object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(std::string_view(value->get_string())) : "";
}

/// Follows `$ref` within the document.
json::Object const& resolved(json::Value const& document, json::Value const& schema) {
  auto const* object = &schema.as_object();
  for (int step = 0; step < 8 && object->contains("$ref"); ++step) {
    auto const pointer = text_in(*object, "$ref").substr(1);  // Without its #.
    object = &document.at_pointer(pointer).as_object();
  }
  return *object;
}

/// A good value for a schema, as JSON text. Ids are put in when a call is made: `@name`.
std::string good_value(json::Value const& document, std::string const& name,
                       json::Value const& schema_value) {
  auto const& schema = resolved(document, schema_value);
  if (name.ends_with("id")) return "\"@" + name + "\"";
  if (auto const* choices = schema.if_contains("enum")) return json::text(choices->as_array().at(0));
  std::string type = text_in(schema, "type");
  if (auto const* types = schema.if_contains("type"); types != nullptr && types->is_array())
    type = std::string(std::string_view(types->get_array().at(0).as_string()));
  if (type == "integer" || type == "number") {
    auto const* least = schema.if_contains("minimum");
    return least != nullptr ? json::text(*least) : "1";
  }
  if (type == "boolean") return "true";
  if (type == "array") return "[]";
  if (type == "object") return "{}";
  return "\"text\"";
}

void add_members(json::Value const& document, json::Value const& schema_value,
                 DescribedOperation& operation) {
  auto const& schema = resolved(document, schema_value);
  for (auto const* word : {"allOf", "anyOf", "oneOf"}) {
    if (auto const* parts = schema.if_contains(word))
      for (auto const& part : parts->as_array()) add_members(document, part, operation);
  }
  auto const* properties = schema.if_contains("properties");
  if (properties == nullptr) return;
  for (auto const& property : properties->as_object()) {
    std::string const name(property.key());
    auto value = good_value(document, name, property.value());
    if (name == "api_key") value = "\"fuzz\"";
    if (name == "api_key_secret") value = "\"secret-of-fuzz\"";
    operation.body.emplace_back(name, std::move(value));
  }
}

/// What goes where a good JSON value was.
std::vector<std::string> const& wrong_values() {
  static std::vector<std::string> const values{"null",
                                               "true",
                                               "false",
                                               "0",
                                               "-1",
                                               "1",
                                               "1.5",
                                               "-0.0",
                                               "1e999",
                                               "-1e308",
                                               "1E+2",
                                               "NaN",
                                               "-Infinity",
                                               "9223372036854775807",
                                               "18446744073709551615",
                                               "18446744073709551616",
                                               "-9223372036854775809",
                                               "007",
                                               "0x10",
                                               "\"\"",
                                               "\" \"",
                                               "\"text\"",
                                               "\"\\u0000\"",
                                               "\"user@oriel.local\\u0000x\"",
                                               "\"fuzz\\u0000x\"",
                                               "\"\\u001b[31m\\r\\n\\t\"",
                                               "\"\\u202etxet\\u2066\"",
                                               "\"\\ud800\"",
                                               "\"\xff\xfe\"",
                                               "\"\xc0\xaf\"",
                                               "\"\xed\xa0\x80\"",
                                               "\"'; drop table users; --\"",
                                               "\"<img src=x onerror=alert(1)>\"",
                                               "\"../../etc/passwd\"",
                                               "\"%00%0d%0a\"",
                                               "\"https://a\\r\\nb/\"",
                                               "\"00000000000000000000000000000000\"",
                                               "\"0123456789abcdef0123456789abcdef\\u0000\"",
                                               "\"" + std::string(300, 'a') + "\"",
                                               "\"" + std::string(5000, 'a') + "\"",
                                               "\"" + std::string(kLongText, 'a') + "\"",
                                               "[]",
                                               "[null]",
                                               "[[[[]]]]",
                                               "{}",
                                               "{\"a\":{\"b\":[1,2]}}",
                                               "{\"a\":1,\"a\":2}",
                                               "{\"A\":\"\\u0000\"}",
                                               "{\"LD_PRELOAD\":\"x\"}",
                                               "{\"\":\"\"}",
                                               std::string(10000, '[') + std::string(10000, ']'),
                                               std::string(10000, '['),
                                               "\"unfinished",
                                               "",
                                               "undefined"};
  return values;
}

std::vector<std::string> const& wrong_bodies() {
  static std::vector<std::string> const bodies{"",
                                               " ",
                                               "null",
                                               "[]",
                                               "\"text\"",
                                               "1",
                                               "{",
                                               "{}",
                                               "{\"a\"",
                                               "{\"\\u0000\":1}",
                                               "{\"\\u001b[31m\":1}",
                                               "{\"\\u202e\":1,\"\\u202e\":2}",
                                               "{\"" + std::string(4000, 'k') + "\":1}",
                                               "\xef\xbb\xbf{}",
                                               "\xff\xfe{",
                                               "a=b&c=d",
                                               "<xml/>",
                                               std::string(10000, '['),
                                               "{\"a\":" + std::string(10000, '['),
                                               "{\"a\":\"" + std::string(kLongText, 'a') + "\"}",
                                               std::string(3, '\0'),
                                               "{}{}",
                                               "{} //"};
  return bodies;
}

std::vector<std::string> const& wrong_parameters() {
  static std::vector<std::string> const parameters{"",
                                                   "%00",
                                                   "a%00b",
                                                   "%ff",
                                                   "%c0%af",
                                                   "%ed%a0%80",
                                                   "%E2%80%AE",
                                                   "%1b%5b31m",
                                                   "%0d%0aX:%20y",
                                                   "-1",
                                                   "0",
                                                   "1e999",
                                                   "1.5",
                                                   "99999999999999999999",
                                                   "NaN",
                                                   "null",
                                                   "%27%3b--",
                                                   "%25",
                                                   "..",
                                                   "a,b,,c",
                                                   "00000000000000000000000000000000",
                                                   "0123456789ABCDEF0123456789ABCDEF",
                                                   "01234567-89ab-cdef-0123-456789abcdef",
                                                   std::string(2000, 'a'),
                                                   "2026-01-31",
                                                   "9999-12-31T23:59:59Z,00000000000000000000000000000000",
                                                   "99999999999999999,00000000000000000000000000000000",
                                                   "running,running",
                                                   "%3Cscript%3E",
                                                   "+",
                                                   "%20"};
  return parameters;
}

std::vector<std::pair<std::string, std::string>> const& wrong_headers() {
  static std::vector<std::pair<std::string, std::string>> const headers{
      {"Idempotency-Key", "\xff\xfe"},
      {"Idempotency-Key", std::string(65, 'k')},
      {"Idempotency-Key", "\xe2\x80\xae"},
      {"User-Agent", "\xff\x80"},
      {"User-Agent", std::string(8000, 'u')},
      {"X-Request-Id", "\xff"},
      {"X-Real-IP", "\xff; drop"},
      {"X-Real-IP", "999.999.999.999"},
      {"Content-Type", "text/plain"},
      {"Content-Type", "application/json; charset=\xff"},
      {"Content-Type", "application/jsonp"},
      {"Cookie", std::string(kCookie) + "=\xff"},
      {"Cookie", std::string(kCookie) + "=" + std::string(43, 'A')},
      {"Origin", "null"},
      {"Origin", "https://evil.example\xff"},
      {"Accept-Language", "\xff"},
      {"Range", "bytes=0-"},
      {"Last-Event-ID", "\xff"},
      {"If-Match", "\"x\""}};
  return headers;
}

}  // namespace

std::string DescribedCall::text() const {
  constexpr std::size_t kShown = 300;
  std::string line = operation.method + " " + target.substr(0, kShown);
  for (auto const& [name, value] : headers) line += " " + name + ": " + value.substr(0, kShown);
  auto shown = body.substr(0, kShown);
  if (body.size() > kShown) shown += "… (" + std::to_string(body.size()) + " bytes)";
  return to_utf8(line + " " + shown, 4 * kShown);
}

std::vector<DescribedOperation> described_operations() {
  auto const text =
      read_file(std::string(ORIEL_SOURCE_DIRECTORY) + "/protocol/web-api/openapi.json", std::size_t{4} << 20);
  if (!text) throw std::runtime_error(text.error().message);
  auto const document = json::parse(*text, {.bytes = std::size_t{4} << 20, .depth = 64});
  if (!document) throw std::runtime_error(document.error().message);
  std::vector<DescribedOperation> operations;
  for (auto const& path : document->at("paths").as_object()) {
    for (auto const& entry : path.value().as_object()) {
      if (entry.key() == "parameters") continue;
      auto const& described = entry.value().as_object();
      if (json::text(described.at("responses")).find("text/event-stream") != std::string::npos) continue;
      DescribedOperation operation;
      operation.method = std::string(entry.key());
      for (char& letter : operation.method) letter = static_cast<char>(letter - 'a' + 'A');
      operation.path = std::string(path.key());
      operation.is_public = is_public_api(operation.path);
      if (auto const* body = described.if_contains("requestBody")) {
        auto const& content = body->at("content").as_object();
        if (auto const* json_body = content.if_contains("application/json"))
          add_members(*document, json_body->at("schema"), operation);
      }
      if (auto const* parameters = described.if_contains("parameters")) {
        for (auto const& parameter : parameters->as_array()) {
          auto const& one = resolved(*document, parameter);
          if (text_in(one, "in") == "query") operation.query.push_back(text_in(one, "name"));
        }
      }
      operations.push_back(std::move(operation));
    }
  }
  return operations;
}

std::vector<FuzzCell> cells_of(std::vector<DescribedOperation> const& operations) {
  std::vector<FuzzCell> cells;
  using Place = FuzzCell::Place;
  for (auto const& operation : operations) {
    auto const subjects = operation.is_public
                              ? std::vector<std::string>{"key", "anonymous"}
                              : std::vector<std::string>{"user", "administrator", "anonymous", "key"};
    for (auto const& subject : subjects) {
      auto const add = [&](Place place, std::string const& name, std::string const& value) {
        cells.push_back({&operation, subject, place, name, value});
      };
      add(Place::kNothing, "", "");
      for (auto const& [name, good] : operation.body)
        for (auto const& value : wrong_values()) add(Place::kMember, name, value);
      if (!operation.body.empty() || operation.method != "GET")
        for (auto const& body : wrong_bodies()) add(Place::kBody, "", body);
      auto names = operation.query;
      names.emplace_back("unknown");
      for (auto const& name : names)
        for (auto const& value : wrong_parameters()) add(Place::kQuery, name, value);
      if (operation.path.find('{') != std::string::npos)
        for (auto const& value : wrong_parameters()) add(Place::kPath, "", value);
      for (auto const& [name, value] : wrong_headers()) add(Place::kHeader, name, value);
    }
  }
  return cells;
}

DescribedCall make_call(FuzzCell const& cell,
                        std::function<std::string(std::string_view word)> const& id_for) {
  using Place = FuzzCell::Place;
  DescribedCall call;
  call.operation = *cell.operation;

  // `/api/v1/sessions/{id}`: the segment before says what the id is of.
  std::string before;
  for (auto const segment : split(cell.operation->path, '/')) {
    if (segment.empty()) continue;
    call.target += '/';
    if (segment.starts_with('{')) {
      call.target += cell.place == Place::kPath ? cell.value : id_for(before);
    } else {
      call.target += segment;
    }
    before = std::string(segment);
  }
  if (cell.place == Place::kQuery) call.target += "?" + cell.name + "=" + cell.value;
  if (cell.place == Place::kHeader) call.headers[cell.name] = cell.value;

  if (cell.place == Place::kBody) {
    call.body = cell.value;
    return call;
  }
  std::string members;
  for (auto const& [name, good] : cell.operation->body) {
    // Nobody's key, for a call without one.
    if (cell.subject == "anonymous" && name.starts_with("api_key")) continue;
    auto value = good;
    if (value.starts_with("\"@")) {
      // A public launch that could go on would wait for its placement.
      auto const absent = cell.operation->is_public && name == "image_id";
      value = "\"" + id_for(absent ? "absent" : name) + "\"";
    }
    if (cell.place == Place::kMember && cell.name == name) value = cell.value;
    members += (members.empty() ? "\"" : ",\"") + name + "\":" + value;
  }
  if (!cell.operation->body.empty()) call.body = "{" + members + "}";
  return call;
}

}  // namespace oriel::api::testing
