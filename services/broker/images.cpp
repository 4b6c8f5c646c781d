#include "services/broker/images.h"

#include <algorithm>
#include <map>
#include <optional>

#include "libs/async/sleep.h"
#include "libs/async/task_group.h"
#include "libs/base/log.h"
#include "services/broker/policy.h"

namespace oriel::broker {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{250};
constexpr std::size_t kLayers = 512;

/// Bytes of all layers, as percent that never goes back.
class PullTotal {
 public:
  void take(docker::PullProgress const& progress) {
    message_ = progress.status;
    if (progress.layer.empty()) return;
    if (layers_.size() >= kLayers && !layers_.contains(progress.layer)) return;
    auto& layer = layers_[progress.layer];
    if (progress.status == "Pull complete" || progress.status == "Already exists") {
      layer = 1;
    } else if (progress.status == "Downloading" && progress.total > 0) {
      // Unpacking is the last tenth of a layer.
      layer =
          std::max(layer, 0.9 * static_cast<double>(progress.current) / static_cast<double>(progress.total));
    }
    double sum = 0;
    for (auto const& [name, done] : layers_) sum += done;
    percent_ =
        std::max(percent_, static_cast<std::int64_t>(99.0 * sum / static_cast<double>(layers_.size())));
  }
  [[nodiscard]] std::int64_t percent() const { return percent_; }
  [[nodiscard]] std::string const& message() const { return message_; }

 private:
  std::map<std::string, double> layers_;
  std::int64_t percent_ = 0;
  std::string message_ = "connecting to the registry";
};

std::string full_reference(protocol::broker::PullImage const& wanted) {
  if (!wanted.digest || wanted.digest->empty()) return wanted.reference;
  auto name = wanted.reference;
  auto const slash = name.rfind('/');
  auto const colon = name.rfind(':');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) name.resize(colon);
  return name + "@" + *wanted.digest;
}

struct Pull {
  PullTotal total{};
  std::optional<Result<>> outcome{};
};

Async<> run_pull(docker::Engine& engine, std::string reference,
                 std::optional<docker::RegistryCredentials> credentials, Pull& pull) {
  auto on_progress = [&pull](docker::PullProgress const& progress) { pull.total.take(progress); };
  auto outcome = co_await engine.pull_image(std::move(reference), std::move(credentials), on_progress);
  pull.outcome.emplace(std::move(outcome));
}

}  // namespace

Images::Images(Executor executor, Configuration const& configuration, docker::Engine& engine)
    : executor_(std::move(executor)), configuration_(configuration), engine_(engine) {}

Async<Result<protocol::broker::ImageList>> Images::list() {
  auto const policy = read_policy(configuration_.policy_path());
  if (!policy) co_return policy.error();
  auto const images = co_await engine_.list_images();
  if (!images) co_return images.error().within("list images");
  protocol::broker::ImageList answer;
  for (auto const& image : *images) {
    auto references = image.tags;
    references.insert(references.end(), image.digests.begin(), image.digests.end());
    if (!image_allowed(*policy, references)) continue;
    protocol::broker::Image shown{image.tags, image.id, image.digests, image.size_bytes, nullptr};
    if (auto const manifest = image.labels.find("oriel.manifest"); manifest != image.labels.end()) {
      auto parsed = json::parse(manifest->second);
      if (parsed) shown.manifest = std::move(*parsed);
    }
    answer.images.push_back(std::move(shown));
  }
  co_return answer;
}

Result<> Images::may_pull(protocol::broker::PullImage const& wanted) const {
  auto const policy = read_policy(configuration_.policy_path());
  if (!policy) return policy.error();
  auto const& reference = wanted.reference;
  if (reference.empty() || reference.size() > 512 ||
      reference.find_first_of(" \t\r\n?#&%\\") != std::string::npos) {
    return fail(Code::kInvalid, "not an image reference: " + reference);
  }
  if (!image_allowed(*policy, {reference})) {
    return fail(Code::kForbidden, "the host's policy does not allow the image " + reference);
  }
  return {};
}

Async<> Images::pull(protocol::broker::PullImage wanted, http::BodyWriter& writer) {
  std::optional<docker::RegistryCredentials> credentials;
  if (wanted.registry)
    credentials = {wanted.registry->server, wanted.registry->username, wanted.registry->password};
  auto const reference = full_reference(wanted);
  Pull pull;
  TaskGroup group(executor_);
  group.spawn(run_pull(engine_, reference, std::move(credentials), pull), "pull");

  bool reading = true;
  std::string last;
  std::exception_ptr cancelled;
  try {
    while (reading && !pull.outcome && group.size() > 0) {
      auto line = json::write_text(
                      protocol::broker::PullLine{pull.total.percent(), pull.total.message(), false, {}, {}}) +
                  "\n";
      if (line != last) reading = co_await writer.write(line);
      last = std::move(line);
      co_await sleep_for(kProgressInterval);
    }
  } catch (...) {
    cancelled = std::current_exception();
  }
  // The engine gives up a pull whose client has gone.
  co_await group.stop();
  if (cancelled) std::rethrow_exception(cancelled);
  if (!reading) co_return;

  protocol::broker::PullLine end{pull.total.percent(), pull.total.message(), false, {}, {}};
  if (!pull.outcome || !*pull.outcome) {
    end.error = pull.outcome ? pull.outcome->error().message : "the pull ended without an answer";
  } else {
    auto const image = co_await engine_.inspect_image(reference);
    if (image) {
      end = {100, "present", true, image->id, {}};
    } else {
      end.error = image.error().message;
    }
  }
  auto text = json::write_text(end) + "\n";
  (void)co_await writer.write(std::move(text));
}

}  // namespace oriel::broker
