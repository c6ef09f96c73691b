// Typed kernels and the boxed fallback count the same, operator by operator.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>

namespace {

// The lines of count_operators, by their first word.
std::map<std::string, std::string> counts(const std::string& typed_kernels) {
  const std::string command = "TORCHTALLY_TYPED_KERNELS=" + typed_kernels + " '" COUNT_OPERATORS "'";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  std::array<char, 4096> buffer;
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), read);
  EXPECT_EQ(pclose(pipe), 0) << command;

  std::map<std::string, std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const auto space = line.find(' ');
    lines[line.substr(0, space)] = line.substr(space + 1);
  }
  return lines;
}

TEST(Paths, CountTheSame) {
  auto typed = counts("1");
  auto boxed = counts("0");
  for (const std::string name :
       {"typed:aten::mm", "typed:aten::erfinv", "typed:aten::add", "typed:aten::max", "typed:aten::_foreach_add_"}) {
    EXPECT_EQ(typed[name], "yes") << name;
    EXPECT_EQ(boxed[name], "no") << name;
    typed.erase(name);
    boxed.erase(name);
  }
  EXPECT_EQ(typed["wrongly_repeated"], "");
  EXPECT_EQ(boxed["wrongly_repeated"], "");
  EXPECT_GT(typed.size(), 100u);
  ASSERT_EQ(typed.size(), boxed.size());
  for (const auto& [name, json] : typed) EXPECT_EQ(json, boxed[name]) << name;
}

}  // namespace
