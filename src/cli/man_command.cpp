#include "cli/man_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "cli/output_file.h"
#include "cli/output_option.h"

namespace torchtally::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  Read it:
    torchtally man | man -l -
  Install it for you alone:
    torchtally man --output ~/.local/share/man/man1/torchtally.1)";

// As roff wants text: a hyphen is one that can be copied, and no line begins with a request.
std::string escaped(const std::string& text) {
  std::string result;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) result += "\\&";
    begins_line = c == '\n';
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if (c == '\'') {
      result += "\\(aq";
    } else {
      result += c;
    }
  }
  return result;
}

// Text that has its own lines and columns.
std::string as_it_is(const std::string& text) { return ".nf\n" + escaped(text) + "\n.fi\n"; }

// What is behind an option's name: "FORMAT (table)". What FORMAT can be stands in the description, or below the options.
std::string value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  std::string value = option.get_type_name();
  value.resize(std::min(value.size(), value.find(":{")));
  if (const std::string otherwise = option.get_default_str(); !otherwise.empty()) value += " (" + otherwise + ")";
  return value;
}

std::string option_text(const CLI::Option& option) {
  std::string text = ".TP\n\\fB" + escaped(option.get_name(option.get_positional(), true)) + "\\fR";
  if (const std::string value = value_of(option); !value.empty()) text += " \\fI" + escaped(value) + "\\fR";
  return text + "\n" + escaped(option.get_description()) + "\n";
}

std::string command_text(const CLI::App& command) {
  std::string usage = "torchtally " + command.get_name();
  std::string options;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) {
      const std::string name = option->get_name(true, false);
      usage += option->get_required() ? " " + name : " [" + name + "]";
    }
    options += option_text(*option);
  }
  return ".SH \"" + escaped("torchtally " + command.get_name()) + "\"\n" + escaped(command.get_description()) + ".\n.PP\n.B " +
         escaped(usage + " [OPTIONS]") + "\n" + options + ".PP\n" + as_it_is(command.get_footer());
}

std::string page_of(const CLI::App& app) {
  std::string page = std::string(".\\\" Made by \"torchtally man\".\n.TH TORCHTALLY 1 \"\" \"torchtally ") + TORCHTALLY_VERSION +
                     "\" \"User Commands\"\n.ad l\n.SH NAME\ntorchtally \\- count what a PyTorch program really computes\n"
                     ".SH SYNOPSIS\n.B torchtally\n\\fISUBCOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n";
  page += as_it_is(app.get_description());
  for (const CLI::Option* option : app.get_options()) page += option_text(*option);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) page += command_text(*command);
  return page;
}

}  // namespace

const CLI::App& add_man(CLI::App& app, ManOptions& options) {
  CLI::App* man = app.add_subcommand("man", "Print the manual page");
  add_output(*man, options.output, "the page");
  man->footer(kExamples);
  man->callback([&app, &options] { options.page = page_of(app); });
  return *man;
}

void print_man(const ManOptions& options) {
  std::optional<OutputFile> output;
  if (!options.output.empty()) output.emplace(options.output);
  write_report(options.page, output);
}

}  // namespace torchtally::cli
