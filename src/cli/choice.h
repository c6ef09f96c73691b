// add_choice: an option that takes one of some names, each of which stands for a value of an enumeration.
#ifndef TORCHTALLY_SRC_CLI_CHOICE_H_
#define TORCHTALLY_SRC_CLI_CHOICE_H_

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace torchtally::cli {

// What an option takes, for the completion of shells: CLI11 keeps that inside of its validators.
inline std::map<const CLI::Option*, std::vector<std::string>>& values_of_options() {
  static std::map<const CLI::Option*, std::vector<std::string>> values;
  return values;
}

template <typename Value>
void note_values(const CLI::Option* option, const std::map<std::string, Value>& names) {
  for (const auto& [name, value] : names) values_of_options()[option].push_back(name);
}

// `target` keeps its value where the option is not given; the help shows `otherwise`, its name, if there is one.
template <typename Enum>
void add_choice(CLI::App& app, const std::string& option, Enum& target, const std::map<std::string, Enum>& names,
                const std::string& otherwise, const std::string& type_name, const std::string& description) {
  CLI::Option* const added = app.add_option_function<std::string>(
      option, [&target, names](const std::string& name) { target = names.at(name); }, description);
  note_values(added, names);
  added->check(CLI::IsMember(names))->type_name(type_name)->default_str(otherwise);
}

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_CHOICE_H_
