#include "cli/explain_options.h"

#include <CLI/CLI.hpp>

namespace torchtally::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  How the backward of a convolution is counted, by whose arithmetic, in which type:
    torchtally explain aten::convolution_backward
  The same operator under its other names: without aten::, in place, one overload:
    torchtally explain add
    torchtally explain aten::add_
    torchtally explain aten::add.Tensor
  An operator of a library of your own:
    torchtally explain mylib::fused_mlp --library ./libmylib.so

torchtally ops lists what there is.
Exit codes: 0, 1 if there is no such operator, 2 if the command line is wrong.)";

}  // namespace

const CLI::App& add_explain(CLI::App& app, ExplainOptions& options) {
  CLI::App* explain = app.add_subcommand("explain", "Say how an operator is counted, and why so");
  explain->add_option("OPERATOR", options.op, "Its name, as PyTorch's dispatcher or a report has it")->required();
  explain->add_option("--library", options.libraries, "Load this library's operators first; may be repeated")
      ->allow_extra_args(false)
      ->type_name("LIB.so");
  explain->footer(kExamples);
  return *explain;
}

}  // namespace torchtally::cli
