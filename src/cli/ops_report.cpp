#include "cli/ops_report.h"

#include <nlohmann/json.hpp>

#include "report/text_columns.h"
#include "report/utf8.h"

namespace torchtally::cli {
namespace {

constexpr char kDocument[] = R"(# Formulas

What torchtally's built-in table says about each operator. Made from the table by

```sh
torchtally ops --all --format markdown --output docs/formulas.md
```

so change `src/formulas/`, not this file ([adding_an_op.md](adding_an_op.md)). `torchtally explain aten::addmm` shows one row in
full, with the schemas of the LibTorch at hand; `torchtally ops --verdict unknown` lists what has no row.

- One row serves all overloads of an operator, in-place and `out=` variants included. Operators that PyTorch decomposes are
  counted by their parts; their rows here hold where a backend has a kernel of its own for them.
- **macs**: multiply-accumulates of products of matrices and convolutions. **flops**: 2 per MAC, which formulas do not repeat,
  plus the rest of the arithmetic: `flops +=`. **transcendentals** (exp, sqrt, tanh, ...) are in a column of their own.
- *Outputs* are the elements of all results, *inputs* those of the first argument. A complex element costs twice as much,
  unless the row says what it costs.
- Every input is read once and every output written once, unless the row says otherwise. A row that is zero computes nothing.
- In parentheses stands where the numbers come from, and in the last column whose count it is.

All conventions: [cost.h](../include/torchtally/cost.h), Note [Conventions].
)";

// Where Markdown would take a character for its own.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '<') result += '\\';
    result += c;
  }
  return result;
}

std::string_view namespace_of(std::string_view name) { return name.substr(0, name.find("::")); }

std::string verdict_of(const KnownOperator& op) { return verdict_text(op.formula.kind, op.formula.reason); }

}  // namespace

std::string operators_table(const std::vector<KnownOperator>& operators, std::size_t width) {
  using report::Align;
  report::TextColumns columns({Align::kLeft, Align::kRight, Align::kLeft, Align::kLeft});
  columns.add_row({"Operator", "Overloads", "Verdict", "Mathematics"});
  for (const KnownOperator& op : operators) {
    columns.add_row({op.formula.name, std::to_string(op.leaf_overloads()), verdict_of(op), op.formula.mathematics});
  }
  std::string text = columns.str();
  if (width == 0) return text;
  std::string narrow;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    narrow += report::cut(text.substr(start, end - start), width) + "\n";
    start = end + 1;
  }
  return narrow;
}

std::string operators_markdown(const std::vector<KnownOperator>& operators, bool whole_document) {
  std::string text = whole_document ? kDocument : "";
  std::string_view current;
  for (const KnownOperator& op : operators) {
    const FormulaDescription& formula = op.formula;
    if (namespace_of(formula.name) != current) {
      current = namespace_of(formula.name);
      text += (text.empty() ? "" : "\n") + ("## " + std::string(current)) +
              "\n\n| operator | verdict | mathematics | source |\n|---|---|---|---|\n";
    }
    const std::string arithmetic = formula.arithmetic.empty() ? "" : " (" + escaped(formula.arithmetic) + ")";
    text += "| `" + formula.name + "` | " + verdict_of(op) + " | " + escaped(formula.mathematics) + arithmetic + " | " +
            escaped(formula.source) + " |\n";
  }
  return text;
}

std::string operators_json(const std::vector<KnownOperator>& operators, std::string_view torch_version) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const KnownOperator& op : operators) {
    const FormulaDescription& formula = op.formula;
    const char* const kind = formula.kind == VerdictKind::kCounted ? "counted"
                             : formula.kind == VerdictKind::kZero  ? "zero"
                                                                   : "unknown";
    list.push_back({{"name", formula.name},
                    {"overloads", op.leaf_overloads()},
                    {"verdict", kind},
                    {"reason", formula.kind == VerdictKind::kZero ? Json(zero_reason_name(formula.reason)) : Json(nullptr)},
                    {"mathematics", formula.mathematics},
                    {"arithmetic", formula.arithmetic},
                    {"source", formula.source},
                    {"dtype", formula.has_operand_dtype ? "operand" : "result"}});
  }
  const Json json = {{"schema", "torchtally.ops/1"}, {"torch_version", torch_version}, {"operators", std::move(list)}};
  return json.dump(2) + "\n";
}

}  // namespace torchtally::cli
