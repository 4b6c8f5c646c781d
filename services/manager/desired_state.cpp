#include "services/manager/desired_state.h"

#include <utility>

#include "libs/base/limits.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace oriel::manager {
namespace {

constexpr std::int64_t kStartDeadlineSeconds = 60;
constexpr char const* kPasswordContext = "image.registry_password";

bool should_run(store::Session const& session) {
  using enum domain::SessionState;
  return session.desired == domain::DesiredState::kRunning && session.state != kEnding &&
         !is_final(session.state);
}

}  // namespace

Result<protocol::agent::DesiredSession> desired_of(store::Session const& session) {
  protocol::agent::DesiredSession desired;
  desired.id = session.id;
  desired.attempt = session.attempt;
  desired.generation = session.generation;
  if (!should_run(session)) {
    desired.desired = "ended";
    desired.end_reason = session.reason_code.value_or("ended");
    return desired;
  }
  auto launch = store::launch_of(session);
  if (!launch) return launch.error().within("read the launch of session " + session.id.text());
  desired.image_reference = launch->image_reference;
  desired.image_id = launch->image_id;
  desired.image_digest = launch->image_digest;
  desired.cores = session.cores;
  desired.memory_bytes = session.memory_bytes;
  desired.shm_bytes = launch->shm_bytes;
  desired.pids = launch->pids;
  desired.network = launch->network;
  desired.environment = launch->environment;
  desired.hostname = launch->hostname;
  desired.start_deadline_seconds = kStartDeadlineSeconds;
  desired.begin.name = launch->name;
  desired.begin.locale = session.locale;
  desired.begin.timezone = session.timezone;
  desired.begin.environment = session.environment;
  desired.begin.open_url = session.open_url;
  desired.begin.width = session.width;
  desired.begin.height = session.height;
  return desired;
}

protocol::agent::DesiredSession end_of_stray(protocol::agent::ObservedSession const& observed) {
  protocol::agent::DesiredSession desired;
  desired.id = observed.id;
  desired.attempt = observed.attempt;
  desired.generation = observed.generation;
  desired.desired = "ended";
  desired.end_reason = "unknown_session";
  return desired;
}

std::vector<protocol::agent::DesiredImage> desired_images(std::vector<store::Image> const& images,
                                                          crypto::Key const& seal_key) {
  std::vector<protocol::agent::DesiredImage> list;
  for (auto const& image : images) {
    if (list.size() >= limits::kAgentImages) break;
    protocol::agent::DesiredImage desired;
    desired.reference = image.reference;
    desired.digest = image.digest;
    desired.enabled = !image.docker_id.has_value();
    if (image.registry_server) {
      desired.registry.emplace();
      desired.registry->server = *image.registry_server;
      desired.registry->username = image.registry_username.value_or(std::string());
      if (image.registry_password_sealed) {
        auto password = crypto::decrypt(seal_key, as_text(*image.registry_password_sealed), kPasswordContext);
        if (password) {
          desired.registry->password = *password;
        } else {
          log::error("a registry password cannot be opened",
                     {{"image", image.name}, {"error", password.error()}});
        }
      }
    }
    list.push_back(std::move(desired));
  }
  return list;
}

}  // namespace oriel::manager
