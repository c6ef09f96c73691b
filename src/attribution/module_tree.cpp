#include "attribution/module_tree.h"

#include <algorithm>
#include <utility>

namespace torchtally::attribution {

ModuleTree::ModuleTree() { nodes_.emplace_back().first_frame = kRootFrame; }

void ModuleTree::describe_root(const void* identity, std::string type, ParameterCount parameters, std::string type_key) {
  Node& root = nodes_.front();
  root.type = std::move(type);
  root.type_key = std::move(type_key);
  root.parameters = parameters;
  root.registered = true;
  root.subtree_end = 1;
  by_identity_[identity] = kRoot;
}

std::pair<ModuleId, bool> ModuleTree::register_module(ModuleId parent, std::string_view name, const void* identity,
                                                      std::string type, ParameterCount parameters, std::string type_key) {
  const std::lock_guard lock(mutex_);
  std::string path = path_of(parent, name);
  if (const auto known = by_identity_.find(identity); known != by_identity_.end()) {
    nodes_[known->second].aliases.push_back(std::move(path));
    children_[{parent, std::string(name)}] = known->second;
    return {known->second, false};
  }
  const ModuleId id = add_node(parent, std::move(path));
  nodes_[id].type = std::move(type);
  nodes_[id].type_key = std::move(type_key);
  nodes_[id].parameters = parameters;
  nodes_[id].registered = true;
  for (int around = static_cast<int>(id); around != -1; around = nodes_[around].parent) nodes_[around].subtree_end = id + 1;
  children_[{parent, std::string(name)}] = id;
  by_identity_[identity] = id;
  return {id, true};
}

ModuleId ModuleTree::register_late(ModuleId parent, std::string_view name, const void* identity, std::string type,
                                   ParameterCount parameters, std::string type_key) {
  const std::lock_guard lock(mutex_);
  if (const auto known = by_identity_.find(identity); known != by_identity_.end()) {
    std::string path = path_of(parent, name);
    Node& node = nodes_[known->second];
    const bool is_named = node.name == path || std::find(node.aliases.begin(), node.aliases.end(), path) != node.aliases.end();
    if (!is_named) node.aliases.push_back(std::move(path));
    return known->second;
  }
  const ModuleId id = single_child(parent, name);
  by_identity_[identity] = id;
  Node& node = nodes_[id];
  if (!node.registered) {
    node.type = std::move(type);
    node.type_key = std::move(type_key);
    node.parameters = parameters;
    node.registered = true;
    node.subtree_end = id + 1;  // what is below it does not follow it: scopes may have opened in between
  }
  return id;
}

void ModuleTree::identify(ModuleId module, const void* identity) {
  const std::lock_guard lock(mutex_);
  by_identity_.try_emplace(identity, module);
}

void ModuleTree::forget(const void* identity) {
  const std::lock_guard lock(mutex_);
  by_identity_.erase(identity);
}

std::optional<ModuleId> ModuleTree::registered(const void* identity) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_identity_.find(identity);
  return found == by_identity_.end() ? std::nullopt : std::optional(found->second);
}

ModuleId ModuleTree::child(ModuleId parent, std::string_view name) {
  const std::lock_guard lock(mutex_);
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    if (dot > 0) parent = single_child(parent, name.substr(0, dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  return parent;
}

ModuleId ModuleTree::single_child(ModuleId parent, std::string_view name) {
  const auto [entry, is_new] = children_.try_emplace({parent, std::string(name)}, ModuleId{0});
  if (is_new) entry->second = add_node(parent, path_of(parent, name));
  return entry->second;
}

ModuleId ModuleTree::called_child(ModuleId parent, std::string_view name, std::string_view type) {
  std::vector<ModuleId> found;
  std::string containers;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_child(parent, name)) return *known;
    find_in_containers(parent, name, type, found);
    if (found.size() == 1) return found.front();
    const std::size_t prefix = nodes_[parent].name.empty() ? 0 : nodes_[parent].name.size() + 1;
    for (const ModuleId candidate : found) {
      const std::string container = nodes_[static_cast<std::size_t>(nodes_[candidate].parent)].name.substr(prefix);
      containers += containers.empty() ? "{" + container : "|" + container;
    }
  }
  return found.empty() ? child(parent, name) : child(child(parent, containers + "}"), name);
}

std::optional<ModuleId> ModuleTree::known_child(ModuleId parent, std::string_view name) const {
  const auto found = children_.find({parent, std::string(name)});
  return found == children_.end() ? std::nullopt : std::optional(found->second);
}

void ModuleTree::find_in_containers(ModuleId parent, std::string_view name, std::string_view type,
                                    std::vector<ModuleId>& found) const {
  for (ModuleId id = parent + 1; id < nodes_.size(); ++id) {
    const Node& node = nodes_[id];
    const bool is_container = node.type == "ModuleList" || node.type == "ModuleDict";
    if (node.parent != static_cast<int>(parent) || !is_container) continue;
    const auto inside = known_child(id, name);
    if (inside.has_value() && nodes_[*inside].type == type) found.push_back(*inside);
    find_in_containers(id, name, type, found);
  }
}

void ModuleTree::count_call(ModuleId module) {
  const std::lock_guard lock(mutex_);
  ++nodes_[module].calls;
}

void ModuleTree::set_input_sizes(ModuleId module, TensorSizes inputs) {
  const std::lock_guard lock(mutex_);
  nodes_[module].input_sizes = std::move(inputs);
}

void ModuleTree::set_sizes(ModuleId module, TensorSizes inputs, TensorSizes outputs) {
  const std::lock_guard lock(mutex_);
  nodes_[module].input_sizes = std::move(inputs);
  nodes_[module].output_sizes = std::move(outputs);
}

std::string ModuleTree::name_of(ModuleId module) const {
  const std::lock_guard lock(mutex_);
  return nodes_[module].name;
}

std::string ModuleTree::type_of(ModuleId module) const {
  const std::lock_guard lock(mutex_);
  return nodes_[module].type;
}

std::string ModuleTree::type_key_of(ModuleId module) const {
  const std::lock_guard lock(mutex_);
  return nodes_[module].type_key;
}

std::pair<ModuleId, ModuleId> ModuleTree::subtree(ModuleId module) const {
  const std::lock_guard lock(mutex_);
  return find_subtree(module);
}

std::pair<ModuleId, ModuleId> ModuleTree::subtree_of_frame(FrameId frame) const {
  const std::lock_guard lock(mutex_);
  return find_subtree(static_cast<ModuleId>(frames_[frame].module));
}

std::pair<ModuleId, ModuleId> ModuleTree::find_subtree(ModuleId module) const {
  return {module, nodes_[module].registered ? nodes_[module].subtree_end : module};
}

FrameId ModuleTree::frame(FrameId caller, ModuleId module) {
  const std::lock_guard lock(mutex_);
  return find_frame(caller, module);
}

FrameId ModuleTree::enter(FrameId caller, ModuleId module) {
  const std::lock_guard lock(mutex_);
  ++nodes_[module].calls;
  return find_frame(caller, module);
}

void ModuleTree::entered_unseen(FrameId frame) {
  const std::lock_guard lock(mutex_);
  for (; frame != kRootFrame; frame = static_cast<FrameId>(frames_[frame].caller)) {
    nodes_[static_cast<std::size_t>(frames_[frame].module)].calls_are_known = false;
  }
}

FrameId ModuleTree::find_frame(FrameId caller, ModuleId module) {
  const auto [entry, is_new] = frame_ids_.try_emplace({caller, module}, static_cast<FrameId>(frames_.size()));
  if (is_new) {
    frames_.push_back({static_cast<int>(module), static_cast<int>(caller)});
    if (!nodes_[module].first_frame.has_value()) nodes_[module].first_frame = entry->second;
  }
  return entry->second;
}

FrameId ModuleTree::frame_of_owner(ModuleId module) {
  const std::lock_guard lock(mutex_);
  std::vector<ModuleId> path;
  while (!nodes_[module].first_frame.has_value()) {
    path.push_back(module);
    module = static_cast<ModuleId>(nodes_[module].parent);
  }
  FrameId frame = *nodes_[module].first_frame;
  for (auto next = path.rbegin(); next != path.rend(); ++next) frame = find_frame(frame, *next);
  return frame;
}

ModuleId ModuleTree::module_of(FrameId frame) const {
  const std::lock_guard lock(mutex_);
  return static_cast<ModuleId>(frames_[frame].module);
}

std::vector<FrameInfo> ModuleTree::frames() const {
  const std::lock_guard lock(mutex_);
  return frames_;
}

std::size_t ModuleTree::size() const {
  const std::lock_guard lock(mutex_);
  return nodes_.size();
}

std::string ModuleTree::path_of(ModuleId parent, std::string_view name) const {
  const std::string& prefix = nodes_[parent].name;
  return prefix.empty() ? std::string(name) : prefix + "." + std::string(name);
}

ModuleId ModuleTree::add_node(ModuleId parent, std::string path) {
  Node& added = nodes_.emplace_back();
  added.name = std::move(path);
  added.parent = static_cast<int>(parent);
  return static_cast<ModuleId>(nodes_.size() - 1);
}

std::vector<ModuleInfo> ModuleTree::snapshot(const std::vector<bool>& reached) const {
  const std::lock_guard lock(mutex_);
  std::vector<ModuleInfo> modules;
  modules.reserve(nodes_.size());
  for (const Node& node : nodes_) {
    ModuleInfo info;
    info.name = node.name;
    info.type = node.type;
    info.aliases = node.aliases;
    info.parent = node.parent;
    info.parameters = node.parameters;
    info.registered = node.registered;
    info.calls = node.calls_are_known ? node.calls : 0;
    info.input_sizes = node.input_sizes;
    info.output_sizes = node.output_sizes;
    info.called = node.calls > 0 || (modules.size() < reached.size() && reached[modules.size()]);
    modules.push_back(std::move(info));
  }
  for (std::size_t i = modules.size(); i-- > 1;) {
    if (modules[i].called) modules[static_cast<std::size_t>(modules[i].parent)].called = true;
  }
  return modules;
}

}  // namespace torchtally::attribution
