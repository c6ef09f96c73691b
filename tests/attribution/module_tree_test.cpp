#include "attribution/module_tree.h"

#include <gmock/gmock.h>

#include <thread>

namespace torchtally::attribution {
namespace {

using ::testing::ElementsAre;

const int kModel = 0, kLayer = 0, kShared = 0;  // identities

TEST(ModuleTreeTest, RegisteredModulesHavePathsTypesAndParameters) {
  ModuleTree tree;
  tree.describe_root(&kModel, "Net", {30, 20});
  const auto [layer, is_new] = tree.register_module(kRoot, "layer", &kLayer, "Block", {10, 10});
  EXPECT_TRUE(is_new);
  const auto modules = tree.snapshot({});
  ASSERT_EQ(modules.size(), 2U);
  EXPECT_EQ(modules[0].name, "");
  EXPECT_EQ(modules[0].type, "Net");
  EXPECT_EQ(modules[0].parameters.trainable, 20);
  EXPECT_EQ(modules[layer].name, "layer");
  EXPECT_EQ(modules[layer].parent, 0);
  EXPECT_TRUE(modules[layer].registered);
  EXPECT_EQ(tree.registered(&kLayer), layer);
  EXPECT_EQ(tree.registered(&tree), std::nullopt);
}

TEST(ModuleTreeTest, SharedModuleHasOneCanonicalNameAndItsAliasesLeadThere) {
  ModuleTree tree;
  const ModuleId layer = tree.register_module(kRoot, "layer", &kLayer, "Block", {}).first;
  const ModuleId first = tree.register_module(layer, "a", &kShared, "Linear", {}).first;
  const auto [second, is_new] = tree.register_module(kRoot, "b", &kShared, "Linear", {});
  EXPECT_FALSE(is_new);
  EXPECT_EQ(second, first);
  EXPECT_EQ(tree.child(kRoot, "b"), first);
  EXPECT_EQ(tree.child(layer, "a"), first);
  EXPECT_EQ(tree.snapshot({})[first].name, "layer.a");
  EXPECT_THAT(tree.snapshot({})[first].aliases, ElementsAre("b"));
}

TEST(ModuleTreeTest, ScopesAreChildrenAndADottedNameIsAPath) {
  ModuleTree tree;
  const ModuleId inner = tree.child(kRoot, "encoder.0");
  EXPECT_EQ(tree.child(tree.child(kRoot, "encoder"), "0"), inner);
  EXPECT_EQ(tree.snapshot({})[inner].name, "encoder.0");
  EXPECT_FALSE(tree.snapshot({})[inner].registered);
}

TEST(ModuleTreeTest, AModuleIsCalledIfSomethingBelowItIs) {
  ModuleTree tree;
  const ModuleId layer = tree.register_module(kRoot, "layer", &kLayer, "Block", {}).first;
  const ModuleId leaf = tree.register_module(layer, "leaf", &kShared, "Linear", {}).first;
  EXPECT_FALSE(tree.snapshot({})[layer].called);

  std::vector<bool> reached(leaf + 1);
  reached[leaf] = true;
  EXPECT_TRUE(tree.snapshot(reached)[layer].called);
  EXPECT_TRUE(tree.snapshot(reached)[kRoot].called);

  tree.mark_called(layer);
  EXPECT_TRUE(tree.snapshot({})[layer].called);
  EXPECT_FALSE(tree.snapshot({})[leaf].called);
}

TEST(ModuleTreeTest, ThreadsThatOpenTheSameScopeGetTheSameModule) {
  ModuleTree tree;
  std::vector<std::vector<ModuleId>> seen(4);
  std::vector<std::thread> threads;
  for (auto& ids : seen) {
    threads.emplace_back([&tree, &ids] {
      for (int i = 0; i < 100; ++i) ids.push_back(tree.child(kRoot, "scope" + std::to_string(i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& ids : seen) EXPECT_EQ(ids, seen.front());
  EXPECT_EQ(tree.snapshot({}).size(), 101U);
}

}  // namespace
}  // namespace torchtally::attribution
