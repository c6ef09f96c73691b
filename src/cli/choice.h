// add_choice: an option that takes one of some names, each of which stands for a value of an enumeration.
#ifndef TORCHTALLY_SRC_CLI_CHOICE_H_
#define TORCHTALLY_SRC_CLI_CHOICE_H_

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace torchtally::cli {

// `target` keeps its value where the option is not given; the help shows `otherwise`, its name, if there is one.
template <typename Enum>
void add_choice(CLI::App& app, const std::string& option, Enum& target, const std::map<std::string, Enum>& names,
                const std::string& otherwise, const std::string& type_name, const std::string& description) {
  app.add_option_function<std::string>(
         option, [&target, names](const std::string& name) { target = names.at(name); }, description)
      ->check(CLI::IsMember(names))
      ->type_name(type_name)
      ->default_str(otherwise);
}

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_CHOICE_H_
