#include <gtest/gtest.h>

#include "libs/store/images.h"
#include "libs/store/settings.h"
#include "libs/store/testing/database.h"
#include "libs/store/users.h"
#include "libs/testing/loop.h"

namespace oriel::store {
namespace {

class Workspaces : public ::testing::Test {
 protected:
  Workspaces() {
    owner = test.open(loop.executor());
    api = test.open(loop.executor(), "oriel_api");
    basics = *loop.run(testing::fill_basics(*owner));
  }
  oriel::testing::Loop loop;
  testing::TestDatabase test;
  std::unique_ptr<postgres::Database> owner;
  std::unique_ptr<postgres::Database> api;
  testing::Basics basics;
};

TEST_F(Workspaces, ARebuiltImageKeepsWhatAnAdministratorChanged) {
  BuiltImage image{"firefox",
                   "oriel/firefox:1",
                   "sha256:aa",
                   {{"friendly_name", "Firefox"},
                    {"cores", 2},
                    {"memory_mib", 1024},
                    {"icon", "<svg/>"},
                    {"categories", {"Browsers"}}}};
  EXPECT_EQ(*loop.run(register_built_image(*api, image, all_users_group(), 10)), Registered::kUnchanged);
  ASSERT_TRUE(loop.run(owner->query(
      "update images set cores = 7, memory_bytes = 123, enabled = false, friendly_name = 'Fox'; ")));
  ASSERT_TRUE(loop.run(owner->query("delete from image_groups")));
  image.reference = "oriel/firefox:2";
  image.docker_id = "sha256:bb";
  image.manifest["cores"] = 4;
  image.manifest["friendly_name"] = "Other";
  EXPECT_EQ(*loop.run(register_built_image(*api, image, all_users_group(), 10)), Registered::kUpdated);
  auto const after = **loop.run(find_image(*api, basics.image));
  EXPECT_EQ(after.reference, "oriel/firefox:2");
  EXPECT_EQ(after.docker_id, "sha256:bb");
  EXPECT_EQ(after.cores, 7);
  EXPECT_EQ(after.memory_bytes, 123);
  EXPECT_FALSE(after.enabled);
  EXPECT_EQ(after.friendly_name, "Fox");
  EXPECT_TRUE(after.groups.empty());
  EXPECT_EQ(after.manifest.at("cores").as_int64(), 4);
}

TEST_F(Workspaces, AHostileManifestIsBounded) {
  BuiltImage image{"strange",
                   "oriel/strange:1",
                   "sha256:cc",
                   {{"friendly_name", std::string(100000, 'x')},
                    {"cores", 1e300},
                    {"memory_mib", -5},
                    {"categories", {1, nullptr, "Good"}},
                    {"network", 7},
                    {"pids", "many"}}};
  EXPECT_EQ(*loop.run(register_built_image(*api, image, all_users_group(), 10)), Registered::kNew);
  auto const images = *loop.run(list_images(*api));
  ASSERT_EQ(images.size(), 2U);
  auto const& strange = images[0].name == "strange" ? images[0] : images[1];
  EXPECT_LE(strange.friendly_name.size(), 128U);
  EXPECT_EQ(strange.cores, 256);
  EXPECT_EQ(strange.memory_bytes, 64 << 20);
  EXPECT_EQ(strange.categories, std::vector<std::string>{"Good"});
  EXPECT_EQ(strange.network, "internet");
  EXPECT_EQ(strange.pids, 512);
}

TEST_F(Workspaces, OnlyGrantedOnesAreSeen) {
  EXPECT_EQ(loop.run(list_granted_images(*api, basics.user))->size(), 1U);
  EXPECT_TRUE(*loop.run(is_image_granted(*api, basics.image, basics.user)));
  EXPECT_EQ(*loop.run(find_icon(*api, basics.image)), "<svg/>");
  ASSERT_TRUE(loop.run(owner->query("update images set hidden = true")));
  EXPECT_TRUE(loop.run(list_granted_images(*api, basics.user))->empty());
  ASSERT_TRUE(loop.run(owner->query("update images set hidden = false, enabled = false")));
  EXPECT_TRUE(loop.run(list_granted_images(*api, basics.user))->empty());
  EXPECT_FALSE(*loop.run(is_image_granted(*api, basics.image, basics.user)));
  EXPECT_TRUE(loop.run(list_enabled_images(*api))->empty());
  EXPECT_EQ(loop.run(list_images(*api))->size(), 1U);
}

TEST_F(Workspaces, PlacementSettingsOutsideTheirBoundsAreIgnored) {
  EXPECT_EQ(loop.run(find_placement_policy(*api))->cores_overcommit, 4);
  ASSERT_TRUE(loop.run(set_setting(*api, "placement.cores_overcommit", 2)));
  ASSERT_TRUE(loop.run(set_setting(*api, "placement.slots", "many")));
  ASSERT_TRUE(loop.run(set_setting(*api, "placement.memory_kept_bytes", -1)));
  auto const policy = *loop.run(find_placement_policy(*api));
  EXPECT_EQ(policy.cores_overcommit, 2);
  EXPECT_EQ(policy.slots, 200);
  EXPECT_EQ(policy.memory_kept_bytes, std::int64_t{512} << 20);
}

}  // namespace
}  // namespace oriel::store
