// The loop nests of tests/formulas call operators as the dispatcher of this LibTorch would: with the same arguments in the same
// order.
#include "../formulas/loop_nests/signatures.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "formulas/table.h"

namespace torchtally::loop_nests {
namespace {

bool has_out(const c10::FunctionSchema& schema) {
  return std::any_of(schema.arguments().begin(), schema.arguments().end(), [](const c10::Argument& a) { return a.is_out(); });
}

std::string arguments_of(const c10::FunctionSchema& schema) {
  std::string names;
  for (const c10::Argument& argument : schema.arguments()) names += (names.empty() ? "" : ", ") + argument.name();
  return names;
}

TEST(Signatures, AreThoseOfTheDispatcher) {
  int compared = 0;
  for (const c10::OperatorName& op : c10::Dispatcher::singleton().getAllOpNames()) {
    const formulas::Row* row = formulas::find_row(op.name);
    if (row == nullptr || !counts_products(*row)) continue;
    const auto handle = c10::Dispatcher::singleton().findSchema(op);
    if (!handle.has_value() || has_out(handle->schema())) continue;
    const std::string arguments = arguments_of(handle->schema());
    const auto is_this = [&](const Signature& signature) {
      return signature.name == row->name && signature.overload == op.overload_name && signature.arguments == arguments;
    };
    EXPECT_TRUE(std::any_of(signatures().begin(), signatures().end(), is_this))
        << op << " has the arguments " << arguments << "; tests/formulas/loop_nests/signatures.cpp does not say so";
    ++compared;
  }
  EXPECT_GT(compared, 100);
  RecordProperty("compared", compared);
}

}  // namespace
}  // namespace torchtally::loop_nests
