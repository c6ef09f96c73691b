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

TEST(ModuleTreeTest, AForgottenIdentityIsAnotherModulesNext) {
  ModuleTree tree;
  const ModuleId first = tree.register_late(kRoot, "A", &kLayer, "A", {});
  tree.forget(&kLayer);
  EXPECT_EQ(tree.registered(&kLayer), std::nullopt);
  EXPECT_EQ(tree.name_of(first), "A");
  EXPECT_NE(tree.register_late(kRoot, "B", &kLayer, "B", {}), first);
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

TEST(ModuleTreeTest, NoNameIsTheModuleItself) {
  ModuleTree tree;
  const ModuleId a = tree.child(kRoot, "a");
  EXPECT_EQ(tree.child(kRoot, ""), kRoot);
  EXPECT_EQ(tree.child(a, ""), a);
  EXPECT_EQ(tree.child(kRoot, ".a."), a);
  EXPECT_EQ(tree.child(kRoot, "a..b"), tree.child(a, "b"));
}

TEST(ModuleTreeTest, ScopesAreChildrenAndADottedNameIsAPath) {
  ModuleTree tree;
  const ModuleId inner = tree.child(kRoot, "encoder.0");
  EXPECT_EQ(tree.child(tree.child(kRoot, "encoder"), "0"), inner);
  EXPECT_EQ(tree.snapshot({})[inner].name, "encoder.0");
  EXPECT_FALSE(tree.snapshot({})[inner].registered);
}

// TorchScript's call path has no frame for a container: the call of self.blocks[0] shows as "0(Block)".
TEST(ModuleTreeTest, CalledChildIsFoundThroughContainers) {
  ModuleTree tree;
  const int list = 0, nested = 0, block = 0, other = 0;
  const ModuleId blocks = tree.register_module(kRoot, "blocks", &list, "ModuleList", {}).first;
  const ModuleId first = tree.register_module(blocks, "0", &block, "Block", {}).first;
  const ModuleId dict = tree.register_module(kRoot, "dict", &nested, "ModuleDict", {}).first;
  tree.register_module(dict, "0", &other, "Linear", {});
  EXPECT_EQ(tree.called_child(kRoot, "0", "Block"), first);
  EXPECT_EQ(tree.called_child(kRoot, "blocks", "ModuleList"), blocks);
}

TEST(ModuleTreeTest, CalledChildThatSeveralContainersHaveIsNamedAfterAllOfThem) {
  ModuleTree tree;
  const int net = 0, inner = 0, outer = 0, a = 0, b = 0;
  const ModuleId fpn = tree.register_module(kRoot, "fpn", &net, "Pyramid", {}).first;
  const ModuleId first = tree.register_module(fpn, "inner_blocks", &inner, "ModuleList", {}).first;
  const ModuleId second = tree.register_module(fpn, "layer_blocks", &outer, "ModuleList", {}).first;
  tree.register_module(first, "0", &a, "Conv", {});
  tree.register_module(second, "0", &b, "Conv", {});
  const ModuleId called = tree.called_child(fpn, "0", "Conv");
  EXPECT_EQ(tree.snapshot({})[called].name, "fpn.{inner_blocks|layer_blocks}.0");
  EXPECT_EQ(tree.called_child(fpn, "0", "Conv"), called);
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

  tree.enter(kRootFrame, layer);
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

// layer, with leaf in it, and last: by number, because modules are registered depth first.
TEST(ModuleTreeTest, ASubtreeIsARangeOfModules) {
  ModuleTree tree;
  static const int root_identity = 0;
  static const int last_identity = 0;
  tree.describe_root(&root_identity, "Net", {});
  const ModuleId layer = tree.register_module(kRoot, "layer", &kLayer, "Block", {}).first;
  const ModuleId leaf = tree.register_module(layer, "leaf", &kShared, "Linear", {}).first;
  const ModuleId last = tree.register_module(kRoot, "last", &last_identity, "Linear", {}).first;
  const ModuleId scope = tree.child(layer, "scope");
  EXPECT_EQ(tree.subtree(kRoot), std::make_pair(kRoot, last + 1));
  EXPECT_EQ(tree.subtree(layer), std::make_pair(layer, leaf + 1));
  EXPECT_EQ(tree.subtree(leaf), std::make_pair(leaf, leaf + 1));
  EXPECT_EQ(tree.subtree(scope), std::make_pair(scope, scope));  // has no registered module
}

TEST(ModuleTreeTest, AFrameIsAModuleAndWhereItWasEnteredFrom) {
  ModuleTree tree;
  const ModuleId layer = tree.register_module(kRoot, "layer", &kLayer, "Block", {}).first;
  const ModuleId leaf = tree.register_module(layer, "leaf", &kShared, "Linear", {}).first;
  const FrameId called_by_root = tree.frame(kRootFrame, leaf);
  EXPECT_EQ(tree.frame(kRootFrame, leaf), called_by_root);
  EXPECT_EQ(tree.frame_of_owner(leaf), called_by_root);  // where it ran first
  const FrameId of_layer = tree.frame_of_owner(layer);   // never entered: from the root, which owns it
  EXPECT_EQ(of_layer, tree.frame(kRootFrame, layer));
  EXPECT_NE(tree.frame(of_layer, leaf), called_by_root);
  EXPECT_EQ(tree.module_of(called_by_root), leaf);
  EXPECT_EQ(tree.frames().size(), 4U);
}

}  // namespace
}  // namespace torchtally::attribution
