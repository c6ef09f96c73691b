#include "cli/ops_options.h"

#include <CLI/CLI.hpp>

#include "cli/choice.h"
#include "cli/output_option.h"

namespace torchtally::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  Everything that this LibTorch has, and what a call of it costs:
    torchtally ops
  Operators with "conv" in their names; those whose names begin so:
    torchtally ops conv
    torchtally ops 'conv*'
  What reports would name as unknown; also of a library of your own:
    torchtally ops --verdict unknown
    torchtally ops 'mylib::*' --library ./libmylib.so --verdict unknown
  The whole table, also of operators that this LibTorch lacks, as docs/formulas.md has it:
    torchtally ops --all --format markdown --output docs/formulas.md

PATTERN is a part of a name; with * (anything) or ? (one character) in it, the whole name, with or without its
namespace. An operator stands for all its overloads, in-place and out= variants included.
Operators that PyTorch decomposes (composites, like aten::layer_norm) are not listed: their parts are counted.

Verdicts:
  counted     a formula gives what a call costs
  zero: why   no arithmetic: view, metadata, factory, copy, comparison or random
  unknown     nobody has said; reports name it with its calls, and what it calls inside is counted

A table is cut to the width of a terminal; into a pipe or a file it is written in full.
Exit codes: 0, 1 if nothing matches or it failed, 2 if the command line is wrong.)";

}  // namespace

const CLI::App& add_ops(CLI::App& app, OpsOptions& options) {
  CLI::App* ops = app.add_subcommand("ops", "List operators, and how each is counted");
  ops->add_option("PATTERN", options.pattern, "Part of a name, or a pattern with * and ?");
  ops->add_flag("--all", options.all, "The whole table, whether this LibTorch has the operator or not");
  const std::map<std::string, std::optional<VerdictKind>> verdicts = {
      {"counted", VerdictKind::kCounted}, {"zero", VerdictKind::kZero}, {"unknown", VerdictKind::kUnknown}};
  add_choice(*ops, "--verdict", options.verdict, verdicts, "", "VERDICT", "Only these: counted, zero or unknown");
  add_choice(*ops, "--format", options.format,
             {{"table", OpsFormat::kTable}, {"markdown", OpsFormat::kMarkdown}, {"json", OpsFormat::kJson}}, "table", "FORMAT",
             "table, markdown or json");
  add_output(*ops, options.output, "the list");
  ops->add_option("--library", options.libraries, "Load this library's operators first; may be repeated")
      ->allow_extra_args(false)
      ->type_name("LIB.so");
  ops->footer(kExamples);
  return *ops;
}

}  // namespace torchtally::cli
