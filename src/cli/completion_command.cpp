#include "cli/completion_command.h"

#include <CLI/CLI.hpp>
#include <map>
#include <vector>

#include "cli/choice.h"
#include "cli/output_file.h"

namespace torchtally::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  bash, for you alone:
    torchtally completion bash > ~/.local/share/bash-completion/completions/torchtally
  zsh, in a folder of $fpath:
    torchtally completion zsh > ~/.zfunc/_torchtally
  fish:
    torchtally completion fish > ~/.config/fish/completions/torchtally.fish)";

struct OptionWords {
  std::string name;         // "--format"
  std::string description;  // without quotes
  std::string values;       // "table tree json"; empty: a file, a number or nothing
  bool takes_value = false;
};

struct CommandWords {
  std::string name;
  std::string description;
  std::vector<OptionWords> options;
};

std::string values_of(const CLI::Option* option) {
  std::string words;
  const auto known = values_of_options().find(option);
  if (known == values_of_options().end()) return words;
  for (const std::string& value : known->second) words += (words.empty() ? "" : " ") + value;
  return words;
}

std::string without_quotes(std::string text) {
  for (char& c : text) {
    if (c == '\'' || c == '"' || c == '[' || c == ']' || c == ':') c = ' ';
  }
  return text;
}

std::vector<CommandWords> words_of(CLI::App& app) {
  std::vector<CommandWords> commands;
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    CommandWords words = {command->get_name(), without_quotes(command->get_description()), {}};
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_lnames().empty()) continue;
      const std::string name = "--" + option->get_lnames()[0];
      words.options.push_back(
          {name, without_quotes(option->get_description()), values_of(option), option->get_items_expected_max() > 0});
    }
    commands.push_back(std::move(words));
  }
  return commands;
}

std::string bash_script(const std::vector<CommandWords>& commands) {
  std::string names;
  std::string options;
  std::string values;
  for (const CommandWords& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    options += "    " + command.name + ") words=\"";
    for (const OptionWords& option : command.options) {
      options += option.name + " ";
      if (!option.values.empty()) {
        values += "    " + command.name + option.name + ") words=\"" + option.values + "\" ;;\n";
      }
    }
    options.back() = '"';
    options += " ;;\n";
  }
  return "# bash completion for torchtally: torchtally completion bash\n"
         "_torchtally() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD - 1]}\" words=\"\"\n"
         "  COMPREPLY=()\n"
         "  if [[ $COMP_CWORD -eq 1 ]]; then\n"
         "    COMPREPLY=($(compgen -W \"" +
         names +
         " --help --version\" -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  case \"${COMP_WORDS[1]}$previous\" in\n"
         "    completion*) words=\"bash zsh fish\" ;;\n" +
         values +
         "  esac\n"
         "  if [[ -n \"$words\" ]]; then\n"
         "    # After the last comma: some take a list.\n"
         "    local before=\"\"\n"
         "    [[ \"$current\" == *,* ]] && before=\"${current%,*},\"\n"
         "    COMPREPLY=($(compgen -P \"$before\" -W \"$words\" -- \"${current##*,}\"))\n"
         "    return\n"
         "  fi\n"
         "  if [[ \"$current\" != -* ]]; then\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "    return\n"
         "  fi\n"
         "  case \"${COMP_WORDS[1]}\" in\n" +
         options +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _torchtally torchtally\n";
}

std::string zsh_script(const std::vector<CommandWords>& commands) {
  std::string script =
      "#compdef torchtally\n# zsh completion for torchtally: torchtally completion zsh\n_torchtally() {\n"
      "  local -a commands=(\n";
  for (const CommandWords& command : commands) script += "    '" + command.name + ":" + command.description + "'\n";
  script +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const CommandWords& command : commands) {
    script += "    " + command.name + ") _arguments";
    for (const OptionWords& option : command.options) {
      script += " \\\n      '" + option.name + "[" + option.description + "]";
      const bool is_list = option.name == "--columns" || option.name == "--by";
      if (is_list) {
        script += ":value:_sequence compadd - " + option.values;
      } else if (!option.values.empty()) {
        script += ":value:(" + option.values + ")";
      } else if (option.takes_value) {
        script += ":value:_files";
      }
      script += "'";
    }
    script += command.name == "completion" ? " \\\n      '1:shell:(bash zsh fish)' ;;\n" : " \\\n      '*:file:_files' ;;\n";
  }
  return script + "  esac\n}\n_torchtally \"$@\"\n";
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string script = "# fish completion for torchtally: torchtally completion fish\n";
  for (const CommandWords& command : commands) {
    script += "complete -c torchtally -n __fish_use_subcommand -f -a " + command.name + " -d '" + command.description + "'\n";
    for (const OptionWords& option : command.options) {
      script += "complete -c torchtally -n '__fish_seen_subcommand_from " + command.name + "' -l " + option.name.substr(2) +
                " -d '" + option.description + "'";
      if (!option.values.empty()) {
        script += " -x -a '" + option.values + "'";
      } else if (option.takes_value) {
        script += " -r";
      }
      script += "\n";
    }
  }
  return script + "complete -c torchtally -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
}

}  // namespace

const CLI::App& add_completion(CLI::App& app, CompletionOptions& options) {
  CLI::App* completion = app.add_subcommand("completion", "Print a script that completes commands and options in a shell");
  static const std::map<std::string, Shell> kShells = {{"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}};
  completion
      ->add_option_function<std::string>(
          "SHELL", [&options](const std::string& name) { options.shell = kShells.at(name); }, "bash, zsh or fish")
      ->check(CLI::IsMember(kShells))
      ->type_name("")
      ->required();
  completion->footer(kExamples);
  completion->callback([&app, &options] {
    const std::vector<CommandWords> commands = words_of(app);
    options.script = options.shell == Shell::kBash  ? bash_script(commands)
                     : options.shell == Shell::kZsh ? zsh_script(commands)
                                                    : fish_script(commands);
  });
  return *completion;
}

void print_completion(const CompletionOptions& options) { write_to_stdout(options.script); }

}  // namespace torchtally::cli
