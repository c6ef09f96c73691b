// InputSpec: what one --input says, parsed. No LibTorch here: inputs.h makes values of it.
//
//   1x3x224x224            a float32 tensor of random numbers between 0 and 1
//   1x128:int64<30522      random integers below 30522 (without a bound: zeros)
//   scalar:int64           a zero-dimensional tensor
//   [3x320x320,3x256x256]  a list; (..) a tuple, {key=1x3,..} a dictionary, in any nesting
//   int=5 float=0.5 bool=true str=text none
//   @file.pt               a saved value
//   mask=1x128:bool        any of these for the argument "mask" of forward()
#ifndef TORCHTALLY_SRC_CLI_INPUT_SPEC_H_
#define TORCHTALLY_SRC_CLI_INPUT_SPEC_H_

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "torchtally/dtype.h"

namespace torchtally::cli {

struct InputValue;

struct TensorSpec {
  std::vector<std::int64_t> sizes;
  DType dtype = DType::kFloat32;
  std::optional<std::int64_t> bound;  // integers and truth values only: random values in [0, bound)
};

struct FileSpec {
  std::string path;
};

struct NoneSpec {};

struct ListSpec {
  std::vector<InputValue> items;
};

struct TupleSpec {
  std::vector<InputValue> items;
};

struct DictSpec {
  std::vector<std::pair<std::string, InputValue>> items;
};

struct InputValue {
  std::variant<TensorSpec, std::int64_t, double, bool, std::string, NoneSpec, FileSpec, ListSpec, TupleSpec, DictSpec> value;
};

struct InputSpec {
  std::string text;      // as the user wrote it, for messages
  std::string argument;  // empty: the next one in order
  InputValue value;
};

// The message says what was expected, where, and gives an example.
class InputSpecError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// Throws InputSpecError.
InputSpec parse_input_spec(std::string_view text);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_INPUT_SPEC_H_
