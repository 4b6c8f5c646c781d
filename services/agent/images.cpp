#include "services/agent/images.h"

#include <algorithm>
#include <utility>

#include "libs/async/backoff.h"
#include "libs/async/deadline.h"
#include "libs/base/json.h"
#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/scope_exit.h"
#include "libs/base/text.h"

namespace oriel::agent {
namespace {

namespace wire = protocol::agent;
using namespace std::chrono_literals;

constexpr auto kFirstRetry = 30s;
constexpr auto kLongestRetry = std::chrono::seconds(15 * 60);
constexpr std::size_t kManifestBytes = 128 * 1024;   // an icon is in it
constexpr std::size_t kInventoryBytes = 768 * 1024;  // below the channel's 1 MiB

bool has_manifest(json::Value const& manifest) {
  return manifest.is_object() && !manifest.get_object().empty();
}

/// `oriel/firefox:1@sha256:…` and `oriel/firefox:1` name the same repository and tag.
std::string plain_reference(std::string const& reference) {
  return std::string(split(reference, '@').front());
}

}  // namespace

Images::Images(Executor executor, BrokerClient& broker, Clock& clock)
    : broker_(broker), clock_(clock), changed_(executor), look_again_(executor), tasks_(executor) {}

void Images::start() { tasks_.spawn(keep_loop(), "images"); }

Async<> Images::stop() { co_await tasks_.stop(); }

void Images::apply(std::vector<wire::DesiredImage> wanted) {
  if (wanted.size() > limits::kAgentImages) wanted.resize(limits::kAgentImages);
  wanted_ = std::move(wanted);
  // A new wish is a new chance: somebody may have corrected a password.
  for (auto& [reference, pull] : pulls_) {
    if (!pull.running) pull.again_at = clock_.steady_now();
  }
  std::erase_if(pulls_, [this](auto const& entry) {
    auto const wanted_still = std::ranges::any_of(
        wanted_, [&](wire::DesiredImage const& image) { return image.reference == entry.first; });
    return !entry.second.running && !wanted_still;
  });
  look_again_.notify();
}

bool Images::present(wire::DesiredImage const& wanted) const {
  for (auto const& image : here_) {
    if (wanted.digest) {
      auto const suffix = "@" + *wanted.digest;
      for (auto const& digest : image.digests) {
        if (digest == *wanted.digest || digest.ends_with(suffix)) return true;
      }
      continue;
    }
    auto const name = plain_reference(wanted.reference);
    if (std::ranges::find(image.references, name) != image.references.end()) return true;
  }
  return false;
}

wire::Inventory Images::inventory() const {
  wire::Inventory inventory;
  inventory.networks = host_.networks;
  std::size_t bytes = 0;
  auto add = [&](wire::InventoryImage image) {
    if (inventory.images.size() >= limits::kAgentImages) return;
    auto const size = json::text(image.manifest).size();
    if (size > kManifestBytes || bytes + size > kInventoryBytes) image.manifest = nullptr;
    bytes += size;
    inventory.images.push_back(std::move(image));
  };

  auto is_wanted = [this](std::string const& reference) {
    return std::ranges::any_of(wanted_, [&](wire::DesiredImage const& wanted) {
      return plain_reference(wanted.reference) == reference;
    });
  };
  for (auto const& image : here_) {
    for (auto const& reference : image.references) {
      if (!has_manifest(image.manifest) && !is_wanted(reference)) continue;  // somebody else's image
      wire::InventoryImage line;
      line.reference = reference;
      line.id = image.id;
      line.digests = image.digests;
      line.size_bytes = image.size_bytes;
      line.state = "present";
      line.progress = 100;
      line.manifest = image.manifest;
      add(std::move(line));
    }
  }
  for (auto const& wanted : wanted_) {
    if (present(wanted)) {
      // Known by its digest alone, or named with one: the manager looks for the wish's own words.
      auto const listed = std::ranges::any_of(inventory.images, [&](wire::InventoryImage const& line) {
        return line.reference == wanted.reference;
      });
      if (listed) continue;
      wire::InventoryImage line;
      line.reference = wanted.reference;
      line.state = "present";
      line.progress = 100;
      for (auto const& image : here_) {
        auto const same = std::ranges::any_of(image.digests, [&](std::string const& digest) {
          return wanted.digest && digest.ends_with(*wanted.digest);
        });
        auto const named =
            std::ranges::find(image.references, plain_reference(wanted.reference)) != image.references.end();
        if (!same && !(named && !wanted.digest)) continue;
        line.id = image.id;
        line.digests = image.digests;
        line.size_bytes = image.size_bytes;
        line.manifest = image.manifest;
        break;
      }
      add(std::move(line));
      continue;
    }
    wire::InventoryImage line;
    line.reference = wanted.reference;
    line.state = "absent";
    auto const pull = pulls_.find(wanted.reference);
    if (pull != pulls_.end()) {
      line.progress = pull->second.progress;
      line.message = pull->second.running ? pull->second.message : pull->second.failure;
      if (pull->second.running) {
        line.state = "pulling";
      } else if (!pull->second.failure.empty()) {
        line.state = "failed";
      }
    }
    add(std::move(line));
  }
  return inventory;
}

void Images::note_if_changed() {
  auto now = json::write_text(inventory());
  if (now == last_inventory_) return;
  last_inventory_ = std::move(now);
  changed_.notify();
}

Async<> Images::refresh() {
  auto host = co_await broker_.host();
  if (host) host_ = std::move(*host);
  auto images = co_await broker_.images();
  if (!images) {
    log::debug("the broker does not list images", {{"error", images.error()}});
    co_return;
  }
  here_ = std::move(*images);
  listed_ = true;
  start_pulls();
  note_if_changed();
}

void Images::start_pulls() {
  if (!listed_) return;
  for (auto const& wanted : wanted_) {
    if (running_pulls_ >= limits::kImagePulls) return;
    if (!wanted.enabled || present(wanted)) continue;
    auto& pull_state = pulls_[wanted.reference];
    if (pull_state.running || clock_.steady_now() < pull_state.again_at) continue;
    pull_state.running = true;
    pull_state.progress = 0;
    pull_state.message = "starting";
    ++running_pulls_;
    tasks_.spawn(pull(wanted), "pull " + wanted.reference);
  }
}

Async<> Images::pull(wire::DesiredImage wanted) {
  ScopeExit const leave([this] { --running_pulls_; });
  protocol::broker::PullImage request;
  request.reference = wanted.reference;
  request.digest = wanted.digest;
  if (wanted.registry) {
    request.registry.emplace();
    request.registry->server = wanted.registry->server;
    request.registry->username = wanted.registry->username;
    request.registry->password = wanted.registry->password;
  }
  log::info("downloading an image", {{"reference", wanted.reference}});
  auto const reference = wanted.reference;
  std::function<void(protocol::broker::PullLine const&)> on_progress =
      [this, reference](protocol::broker::PullLine const& line) {
        auto& state = pulls_[reference];
        if (state.progress == line.progress) return;  // the engine says much; a percent is news
        state.progress = line.progress;
        state.message = to_utf8(line.message, limits::kReasonBytes);
        note_if_changed();
      };
  auto pulled = co_await broker_.pull(std::move(request), std::move(on_progress));
  auto& state = pulls_[reference];
  state.running = false;
  if (pulled) {
    log::info("downloaded an image", {{"reference", reference}, {"id", *pulled}});
    state = Pull{};
  } else {
    state.failure = to_utf8(pulled.error().message, limits::kReasonBytes);
    state.wait =
        state.wait == 0s ? kFirstRetry : std::min<std::chrono::seconds>(state.wait * 2, kLongestRetry);
    state.again_at = clock_.steady_now() + state.wait;
    log::warning("an image could not be downloaded", {{"reference", reference}, {"error", pulled.error()}});
  }
  look_again_.notify();
}

Async<> Images::keep_loop() {
  Backoff backoff;
  for (;;) {
    auto const seen = look_again_.count();
    co_await refresh();
    if (!listed_) {
      co_await backoff.wait();
      continue;
    }
    auto sooner = look_again_.wait_after(seen);
    (void)co_await with_deadline(std::move(sooner), limits::kImageList, "next list");
  }
}

}  // namespace oriel::agent
