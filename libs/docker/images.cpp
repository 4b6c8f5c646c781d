#include "libs/base/text.h"
#include "libs/docker/engine_state.h"

namespace oriel::docker {

namespace {

Image image_of(json::Value const& value) {
  Image image;
  image.id = text_at(value, "Id");
  image.tags = texts_at(value, "RepoTags");
  image.digests = texts_at(value, "RepoDigests");
  // What has no name is listed as such by older engines.
  std::erase(image.tags, "<none>:<none>");
  std::erase(image.digests, "<none>@<none>");
  image.size_bytes = integer_at(value, "Size");
  image.labels = labels_at(value, "Labels");
  image.created_at = time_at(value, "Created");
  if (!image.created_at) {
    if (auto const seconds = integer_at(value, "Created"); seconds > 0)
      image.created_at = WallTime(std::chrono::seconds(seconds));
  }
  if (auto const* configuration = member(value, "Config")) {
    image.labels = labels_at(*configuration, "Labels");
    image.configuration = object_at(value, "Config");
  }
  return image;
}

/// Slashes of a reference belong into the path.
std::string image_path(std::string const& reference, std::string_view rest = {}) {
  return "/images/" + replace_all(percent_encode(reference), "%2F", "/") + std::string(rest);
}

/// `host:5000/name:tag` → name and tag; `name@sha256:…` → name and digest; no tag is latest.
std::pair<std::string, std::string> take_apart(std::string const& reference) {
  if (auto const at = reference.find('@'); at != std::string::npos) {
    return {reference.substr(0, at), reference.substr(at + 1)};
  }
  auto const slash = reference.rfind('/');
  auto const colon = reference.rfind(':');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    return {reference.substr(0, colon), reference.substr(colon + 1)};
  }
  return {reference, "latest"};
}

std::string credentials_header(RegistryCredentials const& credentials) {
  json::Object object;
  object["username"] = credentials.username;
  object["password"] = credentials.password;
  object["serveraddress"] = credentials.server;
  auto const text = json::text(object);
  auto encoded = base64url(as_bytes(text));
  while (encoded.size() % 4 != 0) encoded += '=';  // Docker wants the padding.
  return encoded;
}

Error pull_error(std::string const& message) {
  auto const lowered = lower_ascii(message);
  auto const says = [&](std::string_view words) { return lowered.find(words) != std::string::npos; };
  auto code = Code::kUnavailable;
  if (says("not found") || says("manifest unknown") || says("no such image") || says("does not exist"))
    code = Code::kNotFound;
  if (says("denied") || says("unauthorized") || says("authentication required") || says("no basic auth"))
    code = Code::kForbidden;
  return fail(code, message);
}

Async<Result<>> take_progress(std::string line, std::function<void(PullProgress const&)> const& on_progress) {
  if (trim(line).empty()) co_return Result<>();
  auto const value = json::parse(line);
  if (!value) co_return fail(Code::kInternal, "an answer of the pull is no JSON");
  if (auto message = text_at(*value, "error"); !message.empty()) co_return pull_error(message);
  if (auto const* details = member(*value, "errorDetail")) co_return pull_error(text_at(*details, "message"));
  PullProgress progress;
  progress.layer = text_at(*value, "id");
  progress.status = text_at(*value, "status");
  if (auto const* details = member(*value, "progressDetail")) {
    progress.current = integer_at(*details, "current");
    progress.total = integer_at(*details, "total");
  }
  if (on_progress) on_progress(progress);
  co_return Result<>();
}

}  // namespace

Async<Result<Image>> Engine::inspect_image(std::string reference) {
  auto answer =
      co_await state_->call("GET", image_path(reference, "/json"), std::nullopt, limits::kDockerCall);
  if (!answer) co_return answer.error();
  co_return image_of(*answer);
}

Async<Result<std::vector<Image>>> Engine::list_images(Labels labels) {
  auto answer =
      co_await state_->call("GET", "/images/json?" + filters(labels), std::nullopt, limits::kDockerCall);
  if (!answer) co_return answer.error();
  if (!answer->is_array()) co_return fail(Code::kInternal, "docker: the list of images is no list");
  std::vector<Image> images;
  for (auto const& value : answer->get_array()) images.push_back(image_of(value));
  co_return images;
}

Async<Result<>> Engine::tag_image(std::string reference, std::string repository, std::string tag) {
  return state_->act(
      "POST",
      image_path(reference, "/tag?repo=" + percent_encode(repository) + "&tag=" + percent_encode(tag)), {});
}

Async<Result<>> Engine::remove_image(std::string reference) {
  return state_->act("DELETE", image_path(reference), {404}, limits::kDockerStart);
}

Async<Result<>> Engine::pull_image(std::string reference, std::optional<RegistryCredentials> credentials,
                                   std::function<void(PullProgress const&)> on_progress) {
  auto const [name, tag] = take_apart(reference);
  auto target = co_await state_->versioned("/images/create?fromImage=" + percent_encode(name) +
                                           "&tag=" + percent_encode(tag));
  if (!target) co_return target.error();
  http::ClientRequest request{.method = "POST", .target = std::move(*target)};
  // The header comes after the registry has answered.
  request.deadline = limits::kDockerPullSilence;
  request.silence = limits::kDockerPullSilence;
  if (credentials) request.headers.set("X-Registry-Auth", credentials_header(*credentials));
  std::function<Async<Result<>>(std::string)> on_line = [&on_progress](std::string line) {
    return take_progress(std::move(line), on_progress);
  };
  auto response = co_await state_->client.stream_lines(std::move(request), std::move(on_line));
  auto const what = "pull " + reference;
  if (!response) {
    state_->note(response.error());
    co_return response.error().within(what);
  }
  if (response->status < 200 || response->status > 299) {
    auto error = http::error_of(*response);
    // A registry that cannot be reached is a 500 of the engine.
    if (error.code == Code::kInternal) error = pull_error(error.message);
    co_return error.within(what);
  }
  co_return Result<>();
}

}  // namespace oriel::docker
