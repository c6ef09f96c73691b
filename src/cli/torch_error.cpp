#include "cli/torch_error.h"

#include <c10/util/Exception.h>

#include <string_view>

namespace torchtally::cli {
namespace {

constexpr std::string_view kTraceMark = "<--- HERE";

std::string text_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  return torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \n") - first + 1));
}

// "RuntimeError: what happened", "builtins.ValueError: what happened": a class, or the names in front of it, and a colon.
bool names_an_exception(std::string_view line) {
  const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
  return end != 0 && end != std::string_view::npos && line.substr(end, 2) == ": ";
}

// The interpreter's errors list source code, then say what happened in a line that begins with an exception's class. A line that
// does not, but is not indented either, may be a comment in the source: it is taken if there is none of the others.
std::string_view after_the_trace(std::string_view text) {
  const std::size_t mark = text.rfind(kTraceMark);
  if (mark == std::string_view::npos) return text;
  std::string_view otherwise = text;
  for (std::size_t end = text.find('\n', mark); end != std::string_view::npos; end = text.find('\n', end + 1)) {
    const std::string_view line = text.substr(end + 1);
    if (names_an_exception(line)) return line;
    const bool is_indented_or_empty = line.empty() || line[0] == ' ' || line[0] == '\n';
    if (!is_indented_or_empty && otherwise.size() == text.size()) otherwise = line;
  }
  return otherwise;
}

std::string between(const std::string& text, std::string_view before, std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == std::string::npos) return "";
  const std::size_t name = start + before.size();
  const std::size_t end = text.find_first_of(after, name);
  return text.substr(name, end == std::string::npos ? end : end - name);
}

// "Could not run 'aten::x' with arguments from the 'Meta' backend.", of fifty lines that say where each backend's kernel is from.
std::string without_list_of_kernels(const std::string& summary) {
  constexpr std::string_view kEnd = "' backend. ";
  const std::size_t end = summary.find(kEnd);
  const bool has_list = summary.find("Could not run '") < end && end != std::string::npos;
  return has_list ? summary.substr(0, end + kEnd.size() - 1) : summary;
}

}  // namespace

std::string summary_of(const std::exception& error) {
  const std::string text = text_of(error);
  std::string summary = trimmed(after_the_trace(text));
  for (const std::string_view prefix : {"RuntimeError: ", "builtins."}) {
    if (summary.compare(0, prefix.size(), prefix) == 0) summary.erase(0, prefix.size());
  }
  return without_list_of_kernels(summary);
}

std::string unknown_name(const std::exception& error) {
  const std::string text = text_of(error);
  const std::string op = between(text, "Unknown builtin op: ", ".\n ");
  if (!op.empty()) return "the operator " + op;
  const std::string type = between(text, "Unknown type name '__torch__.torch.classes.", "'");
  return type.empty() ? "" : "the class " + type;
}

std::string operator_without_meta_kernel(const std::exception& error) {
  const std::string summary = summary_of(error);
  // 2.x: "aten::lu_solve: attempted to run this operator with Meta tensors, but there was no ...". Others are "while attempting".
  if (const std::size_t attempt = summary.find("to run this operator with Meta "); attempt != std::string::npos) {
    const std::size_t end = summary.rfind(": ", attempt);
    if (end == std::string::npos) return "";
    const std::size_t start = summary.find_last_of(" \n", end) + 1;  // 0 if there is none
    return summary.substr(start, end - start);
  }
  // 1.13, and an operator that is not in ATen. 'Meta', 'QuantizedMeta', 'SparseMeta'.
  const bool is_meta = summary.find("Meta' backend") != std::string::npos;
  return is_meta ? between(summary, "Could not run '", "'") : "";
}

bool is_out_of_memory(const std::exception& error) {
  const std::string text = text_of(error);
  return text.find("can't allocate memory") != std::string::npos || text.find("out of memory") != std::string::npos;
}

}  // namespace torchtally::cli
