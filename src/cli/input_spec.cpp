#include "cli/input_spec.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace torchtally::cli {
namespace {

constexpr DType kDTypes[] = {DType::kFloat32, DType::kFloat64,   DType::kFloat16,    DType::kBFloat16,
                             DType::kUInt8,   DType::kInt8,      DType::kInt16,      DType::kInt32,
                             DType::kInt64,   DType::kComplex64, DType::kComplex128, DType::kBool};
constexpr std::string_view kKeywords[] = {"int", "float", "bool", "str"};
constexpr int kMaxNesting = 64;  // brackets on a command line must not be able to exhaust the stack

bool takes_bound(DType dtype) { return dtype <= DType::kInt64 || dtype == DType::kBool; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

// Recursive descent, one function for each kind of value.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  InputSpec parse() {
    InputSpec spec;
    spec.text = std::string(text_);
    skip_spaces();
    spec.argument = argument_name();
    spec.value = value();
    skip_spaces();
    if (position_ != text_.size()) fail("expected nothing more", "1x3x224x224");
    return spec;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& example) const {
    const std::string where = position_ < text_.size() ? "at character " + std::to_string(position_ + 1) + ", '" +
                                                             std::string(text_.substr(position_, 16)) + "'"
                                                       : "at its end";
    throw InputSpecError("--input '" + std::string(text_) + "': " + what + " " + where + "\n  example: --input '" + example +
                         "'");
  }

  char peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  bool take(std::string_view token) {
    if (text_.substr(position_, token.size()) != token) return false;
    position_ += token.size();
    return true;
  }

  void skip_spaces() {
    while (peek() == ' ') ++position_;
  }

  std::string_view name() {
    const std::size_t start = position_;
    if (is_name_start(peek())) {
      while (is_name_part(peek())) ++position_;
    }
    return text_.substr(start, position_ - start);
  }

  // "mask=" of "mask=1x128", but not "int=" of "int=5".
  std::string argument_name() {
    const std::size_t start = position_;
    const std::string_view candidate = name();
    const bool is_keyword = std::find(std::begin(kKeywords), std::end(kKeywords), candidate) != std::end(kKeywords);
    if (!candidate.empty() && !is_keyword && take("=")) return std::string(candidate);
    position_ = start;
    return "";
  }

  // Up to the end of the value: of everything at the top, of the item inside of brackets.
  std::string rest() {
    const std::size_t end = nesting_ == 0 ? text_.size() : std::min(text_.find_first_of(",])}", position_), text_.size());
    const std::string_view token = text_.substr(position_, end - position_);
    position_ = end;
    return std::string(token);
  }

  InputValue value() {
    skip_spaces();
    if (is_digit(peek()) || take_word("scalar")) return {tensor()};
    if (take_word("none")) return {NoneSpec{}};
    if (take("int=")) return {integer("int=5")};
    if (take("float=")) return {floating()};
    if (take("bool=")) return {truth()};
    if (take("str=")) return {rest()};
    if (take("@")) return {FileSpec{file_path()}};
    if (take("[")) return {ListSpec{items(']', "[3x320x320,3x256x256]")}};
    if (take("(")) return {TupleSpec{items(')', "(1x3x224x224,1x10)")}};
    if (take("{")) return {dictionary()};
    fail("expected a shape, a value or a bracket", "1x3x224x224");
  }

  bool take_word(std::string_view word) {
    const std::size_t start = position_;
    if (name() == word) return true;
    position_ = start;
    return false;
  }

  // After "scalar", or at the first digit.
  TensorSpec tensor() {
    TensorSpec tensor;
    if (is_digit(peek())) {
      do {
        tensor.sizes.push_back(size());
      } while (take("x"));
    }
    if (take(":")) tensor.dtype = dtype();
    if (peek() == '<') {
      if (!takes_bound(tensor.dtype)) fail("expected no bound: only integers take one", "1x128:int64<30522");
      ++position_;
      if (!is_digit(peek())) fail("expected a bound", "1x128:int64<30522");
      tensor.bound = integer("1x128:int64<30522");
      if (*tensor.bound == 0) fail("expected a bound above 0", "1x128:int64<30522");
    }
    return tensor;
  }

  std::int64_t size() {
    if (!is_digit(peek())) fail("expected a size", "1x3x224x224");
    return integer("1x3x224x224");
  }

  std::int64_t integer(const std::string& example) {
    std::int64_t number = 0;
    const char* start = text_.data() + position_;
    const auto [end, error] = std::from_chars(start, text_.data() + text_.size(), number);
    if (error == std::errc::result_out_of_range) fail("expected an integer of 64 bits", example);
    if (error != std::errc()) fail("expected an integer", example);
    position_ += static_cast<std::size_t>(end - start);
    return number;
  }

  double floating() {
    const std::size_t start = position_;
    const std::string token = rest();
    char* end = nullptr;
    const double number = std::strtod(token.c_str(), &end);
    if (!token.empty() && !std::isspace(static_cast<unsigned char>(token[0])) && end == token.c_str() + token.size())
      return number;
    position_ = start;
    fail("expected a number", "float=0.5");
  }

  bool truth() {
    if (take_word("true")) return true;
    if (take_word("false")) return false;
    fail("expected true or false", "bool=true");
  }

  DType dtype() {
    const std::size_t start = position_;
    const std::string_view word = name();
    for (const DType dtype : kDTypes) {
      if (dtype_name(dtype) == word) return dtype;
    }
    position_ = start;
    std::string known;
    for (const DType dtype : kDTypes) known += (known.empty() ? "" : ", ") + std::string(dtype_name(dtype));
    fail("expected a type (" + known + ")", "1x8:bfloat16");
  }

  std::string file_path() {
    std::string path = rest();
    if (path.empty()) fail("expected a file name", "@value.pt");
    return path;
  }

  void enter(const std::string& example) {
    if (++nesting_ > kMaxNesting) fail("expected fewer brackets inside of brackets", example);
  }

  // After the opening bracket.
  std::vector<InputValue> items(char closing, const std::string& example) {
    std::vector<InputValue> items;
    enter(example);
    skip_spaces();
    while (peek() != closing) {
      items.push_back(value());
      separator(closing, example);
    }
    ++position_;
    --nesting_;
    return items;
  }

  DictSpec dictionary() {
    const std::string example = "{image=3x320x320,mask=1x320x320}";
    DictSpec dict;
    enter(example);
    skip_spaces();
    while (peek() != '}') {
      const std::size_t start = position_;
      const std::size_t equals = text_.find_first_of("=,])}", position_);
      if (equals == std::string_view::npos || text_[equals] != '=' || equals == start) fail("expected key=value", example);
      std::string key(text_.substr(start, equals - start));
      const bool is_known =
          std::any_of(dict.items.begin(), dict.items.end(), [&](const auto& item) { return item.first == key; });
      if (is_known) fail("expected each key once", example);
      position_ = equals + 1;
      dict.items.emplace_back(std::move(key), value());
      separator('}', example);
    }
    ++position_;
    --nesting_;
    return dict;
  }

  // Takes a comma, if there is one, and leaves the closing bracket.
  void separator(char closing, const std::string& example) {
    skip_spaces();
    if (peek() == closing) return;
    if (!take(",")) fail(std::string("expected ',' or '") + closing + "'", example);
    skip_spaces();
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int nesting_ = 0;
};

}  // namespace

InputSpec parse_input_spec(std::string_view text) { return Parser(text).parse(); }

}  // namespace torchtally::cli
