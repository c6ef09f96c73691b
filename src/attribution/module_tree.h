// ModuleTree: the modules that one guard knows, by path, and the frames in which they run. Registered modules come from the
// guard's model; scopes add more as they open.
//
// Thread-safety: describe_root() and register_module() before the tree is shared; everything else from any thread.
#ifndef TORCHTALLY_SRC_ATTRIBUTION_MODULE_TREE_H_
#define TORCHTALLY_SRC_ATTRIBUTION_MODULE_TREE_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "attribution/place.h"
#include "torchtally/tally.h"

namespace torchtally::attribution {

class ModuleTree {
 public:
  ModuleTree();

  // The root's own description.
  void describe_root(const void* identity, std::string type, ParameterCount parameters, std::string type_key = {});

  // Adds the submodule `name` of `parent`. Where `identity` is known already, the submodule is shared: the new path becomes an
  // alias of the first, and the second value is false.
  std::pair<ModuleId, bool> register_module(ModuleId parent, std::string_view name, const void* identity, std::string type,
                                            ParameterCount parameters, std::string type_key = {});

  // As register_module(), at any time: where `parent` has a child of that name already, the two are one module to the tree.
  ModuleId register_late(ModuleId parent, std::string_view name, const void* identity, std::string type,
                         ParameterCount parameters, std::string type_key = {});

  // One more identity of a module; one that is known already stays what it is.
  void identify(ModuleId module, const void* identity);

  // What had this identity is gone: it is nobody's from now on. The module itself stays, with what it has counted.
  void forget(const void* identity);

  // The registered module of that identity.
  std::optional<ModuleId> registered(const void* identity) const;

  // The child of that name, through aliases to its canonical module; made if it is not there. A name may be a dotted path.
  ModuleId child(ModuleId parent, std::string_view name);

  // The submodule of that name and type which TorchScript says it calls. It leaves out the containers on the way (ModuleList,
  // ModuleDict have no forward of their own): if `parent` has no such child, its containers are searched. Where several
  // have one alike, which was called can't be told, and the name says so: "{inner_blocks|layer_blocks}.0".
  ModuleId called_child(ModuleId parent, std::string_view name, std::string_view type);

  // A call of the module, whatever frame it is entered from.
  void count_call(ModuleId module);
  void set_input_sizes(ModuleId module, TensorSizes inputs);
  // What the module was called with, and what it returned.
  void set_sizes(ModuleId module, TensorSizes inputs, TensorSizes outputs);

  std::string name_of(ModuleId module) const;
  std::string type_of(ModuleId module) const;
  std::string type_key_of(ModuleId module) const;

  // Ids of the registered modules that lie in `module`, itself included: from the first to before the second. Modules are
  // registered depth first. A shared module lies where it was registered first.
  std::pair<ModuleId, ModuleId> subtree(ModuleId module) const;
  // Of a frame's module.
  std::pair<ModuleId, ModuleId> subtree_of_frame(FrameId frame) const;

  // The frame in which `module` runs where it is entered from `caller`.
  FrameId frame(FrameId caller, ModuleId module);
  // The same, where a scope is opened for the module: that is a call of it, whether or not an operator runs in it.
  FrameId enter(FrameId caller, ModuleId module);
  // The modules of this frame and of those around it, but for the outermost, have been entered without enter(): how often they
  // were called is not known then.
  void entered_unseen(FrameId frame);
  // A frame in which the module runs: the first that there was, or else one that is entered from its owner's.
  FrameId frame_of_owner(ModuleId module);
  ModuleId module_of(FrameId frame) const;
  std::vector<FrameInfo> frames() const;
  std::size_t size() const;

  // All modules, parents before children, registered ones in definition order; index = ModuleId. A module is called
  // if a scope was opened for it, if reached[id] says that an operator was called in it, or if one below it is called.
  std::vector<ModuleInfo> snapshot(const std::vector<bool>& reached) const;

 private:
  struct Node {
    std::string name;  // full path
    std::string type;
    std::string type_key;
    std::vector<std::string> aliases;
    int parent = -1;
    ModuleId subtree_end = 0;  // if registered
    ParameterCount parameters;
    bool registered = false;
    std::int64_t calls = 0;
    bool calls_are_known = true;
    TensorSizes input_sizes;
    TensorSizes output_sizes;
    std::optional<FrameId> first_frame;
  };

  std::pair<ModuleId, ModuleId> find_subtree(ModuleId module) const;
  ModuleId single_child(ModuleId parent, std::string_view name);
  std::optional<ModuleId> known_child(ModuleId parent, std::string_view name) const;
  void find_in_containers(ModuleId parent, std::string_view name, std::string_view type, std::vector<ModuleId>& found) const;
  std::string path_of(ModuleId parent, std::string_view name) const;
  ModuleId add_node(ModuleId parent, std::string path);
  FrameId find_frame(FrameId caller, ModuleId module);

  mutable std::mutex mutex_;
  std::deque<Node> nodes_;  // a deque: a node stays where it is
  absl::flat_hash_map<std::pair<ModuleId, std::string>, ModuleId> children_;
  absl::flat_hash_map<const void*, ModuleId> by_identity_;
  std::vector<FrameInfo> frames_ = {FrameInfo{}};
  absl::flat_hash_map<std::pair<FrameId, ModuleId>, FrameId> frame_ids_;
};

}  // namespace torchtally::attribution

#endif  // TORCHTALLY_SRC_ATTRIBUTION_MODULE_TREE_H_
