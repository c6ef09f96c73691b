// expect_golden: a report against the file that holds how it should look.
#ifndef TORCHTALLY_TESTS_REPORT_GOLDEN_H_
#define TORCHTALLY_TESTS_REPORT_GOLDEN_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace torchtally::testing {

// tests/report/golden/<name>. With TORCHTALLY_WRITE_GOLDEN set in the environment the files are written instead (and the test
// fails, so that nobody takes such a run for a check): look at what git says has changed.
inline void expect_golden(const std::string& text, const std::string& name) {
  const std::string path = std::string(GOLDEN_DIR "/") + name;
  if (std::getenv("TORCHTALLY_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    ADD_FAILURE() << "wrote " << path;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path;
  EXPECT_EQ(text, std::string(std::istreambuf_iterator<char>(file), {})) << path;
}

}  // namespace torchtally::testing

#endif  // TORCHTALLY_TESTS_REPORT_GOLDEN_H_
