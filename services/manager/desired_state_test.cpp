#include "services/manager/desired_state.h"

#include <gtest/gtest.h>

#include "libs/base/json.h"
#include "libs/base/text.h"

namespace oriel::manager {
namespace {

store::Session placed() {
  store::Launch launch;
  launch.name = "Firefox";
  launch.image_reference = "oriel/firefox:1";
  launch.image_id = "sha256:abc";
  launch.shm_bytes = 1;
  launch.pids = 512;
  launch.network = "internet";
  launch.environment = {{"A", "1"}};
  launch.hostname = "firefox";
  store::Session session;
  session.id = SessionId::random();
  session.state = domain::SessionState::kPlaced;
  session.attempt = 1;
  session.generation = 2;
  session.cores = 2;
  session.memory_bytes = 1 << 30;
  session.locale = "fr_FR.UTF-8";
  session.timezone = "Europe/Paris";
  session.width = 1440;
  session.height = 900;
  session.launch = json::write(launch).as_object();
  return session;
}

TEST(DesiredState, APlacedSessionCarriesWhatItsWorkspaceWasAtLaunch) {
  auto const session = placed();
  auto const desired = desired_of(session);
  ASSERT_TRUE(desired);
  EXPECT_EQ(desired->desired, "running");
  EXPECT_EQ(desired->image_id, "sha256:abc");
  EXPECT_EQ(desired->pids, 512);
  EXPECT_EQ(desired->environment.at("A"), "1");
  EXPECT_EQ(desired->begin.name, "Firefox");
  EXPECT_EQ(desired->begin.locale, "fr_FR.UTF-8");
  EXPECT_EQ(desired->begin.width, 1440);
}

TEST(DesiredState, WhatShouldEndOrHasFailedIsEndedForTheAgent) {
  auto session = placed();
  session.desired = domain::DesiredState::kEnded;
  session.reason_code = "keepalive_expired";
  EXPECT_EQ(desired_of(session)->desired, "ended");
  EXPECT_EQ(desired_of(session)->end_reason, "keepalive_expired");
  session = placed();
  session.state = domain::SessionState::kFailed;
  EXPECT_EQ(desired_of(session)->desired, "ended");
  session.state = domain::SessionState::kEnding;
  EXPECT_EQ(desired_of(session)->desired, "ended");
}

TEST(DesiredState, AgentsGetRegistryPasswordsOpenedAndPullNoImagesBuiltHere) {
  auto const key = crypto::Key::random();
  store::Image pulled;
  pulled.reference = "registry.example/firefox:1";
  pulled.digest = "sha256:d";
  pulled.registry_server = "registry.example";
  pulled.registry_username = "reader";
  auto const sealed = crypto::encrypt(key, "secret", "image.registry_password");
  pulled.registry_password_sealed = Bytes(as_bytes(sealed).begin(), as_bytes(sealed).end());
  store::Image built;
  built.reference = "oriel/desktop:1";
  built.docker_id = "sha256:x";

  auto const images = desired_images({pulled, built}, key);
  ASSERT_EQ(images.size(), 2U);
  EXPECT_TRUE(images[0].enabled);
  ASSERT_TRUE(images[0].registry);
  EXPECT_EQ(images[0].registry->password, "secret");
  EXPECT_FALSE(images[1].enabled);

  // Another key opens nothing, and the image is still named.
  auto const unopened = desired_images({pulled}, crypto::Key::random());
  ASSERT_EQ(unopened.size(), 1U);
  EXPECT_EQ(unopened[0].registry->password, "");
}

}  // namespace
}  // namespace oriel::manager
