#include "torchtally/trace_writer.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "report/json_text.h"

namespace torchtally {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kBuffer = 1 << 16;
// Counters are drawn as steps: more of them than this shows nothing more.
constexpr std::chrono::microseconds kBetweenCounters{20};

// "1x3x224x224 float32, 64x3x7x7 float32".
void append_shapes(std::string& text, absl::Span<const Argument> arguments) {
  bool is_first = true;
  for (const Argument& argument : arguments) {
    for (const TensorView& tensor : argument.tensors()) {
      if (!tensor.defined()) continue;
      if (!is_first) text += ", ";
      is_first = false;
      for (int d = 0; d < tensor.dim(); ++d) {
        if (d > 0) text += 'x';
        report::append_integer(text, tensor.size(d));
      }
      if (tensor.dim() == 0) text += "scalar";
      text += ' ';
      text += dtype_name(tensor.dtype());
    }
  }
}

std::int64_t per_second(Count count, std::chrono::nanoseconds time) {
  constexpr double kNanoseconds = 1e9;
  return time.count() <= 0 ? 0
                           : static_cast<std::int64_t>(static_cast<double>(std::int64_t{count}) * kNanoseconds /
                                                       static_cast<double>(time.count()));
}

}  // namespace

class TraceWriter::State {
 public:
  explicit State(Sink sink) : sink_(std::move(sink)) {}

  void on_call(const CallRecord& record) {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    if (!begun_) begin(record.begin);
    Thread& thread = threads_[record.thread];
    // A call that was told of before, inside of this one: the modules are as they were then.
    const bool is_around = record.begin < thread.last_end;
    if (!is_around) open_modules(thread, record);
    append_slice(record);
    if (record.end > thread.last_end) thread.last_end = record.end;
    flops_ += record.cost.flops;
    bytes_ += record.cost.bytes();
    if (record.end - last_counter_ >= kBetweenCounters) append_counters(record.end);
    if (buffer_.size() >= kBuffer) flush();
  }

  bool finish() {
    const std::lock_guard lock(mutex_);
    if (!begun_) begin(Time());
    Time last;
    for (auto& [number, thread] : threads_) {
      close_modules(thread, number, 0);
      if (thread.last_end > last) last = thread.last_end;
    }
    if (!threads_.empty()) append_counters(last);
    buffer_ += "\n]}\n";
    flush();
    return !failed_;
  }

 private:
  struct Thread {
    std::vector<std::string> open;  // the phase, then modules from the outermost on
    Time last_end;
  };

  void begin(Time origin) {
    begun_ = true;
    origin_ = origin;
    last_counter_ = origin;
    buffer_ +=
        "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n"
        R"({"ph":"M","pid":1,"name":"process_name","args":{"name":"torchtally"}})";
  }

  void flush() {
    if (!failed_ && !sink_(buffer_)) failed_ = true;
    buffer_.clear();
  }

  // Microseconds, to the nanosecond.
  void append_time(Time time) { append_microseconds(time - origin_); }
  void append_microseconds(std::chrono::nanoseconds time) {
    constexpr std::int64_t kThousand = 1000;
    const std::int64_t count = time.count() > 0 ? time.count() : 0;
    report::append_integer(buffer_, count / kThousand);
    const std::string fraction = std::to_string(kThousand + count % kThousand);
    buffer_ += '.';
    buffer_.append(fraction, 1);
  }

  void append_head(const char* kind, std::uint32_t thread, Time time) {
    buffer_ += ",\n{\"ph\":\"";
    buffer_ += kind;
    buffer_ += "\",\"pid\":1,\"tid\":";
    report::append_integer(buffer_, thread);
    buffer_ += ",\"ts\":";
    append_time(time);
  }

  void close_modules(Thread& thread, std::uint32_t number, std::size_t keep) {
    for (; thread.open.size() > keep; thread.open.pop_back()) {
      append_head("E", number, thread.last_end);
      buffer_ += '}';
    }
  }

  void open_modules(Thread& thread, const CallRecord& record) {
    std::vector<std::string> wanted = {std::string(phase_name(record.phase))};
    for (std::string_view rest = record.module; !rest.empty();) {
      const std::size_t dot = rest.find('.');
      wanted.emplace_back(rest.substr(0, dot));
      rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
    }
    std::size_t same = 0;
    while (same < wanted.size() && same < thread.open.size() && wanted[same] == thread.open[same]) ++same;
    close_modules(thread, record.thread, same);
    for (; same < wanted.size(); ++same) {
      append_head("B", record.thread, record.begin);
      buffer_ += same == 0 ? ",\"cat\":\"phase\",\"name\":" : ",\"cat\":\"module\",\"name\":";
      buffer_ += report::json_string(wanted[same]) + '}';
      thread.open.push_back(std::move(wanted[same]));
    }
  }

  void append_slice(const CallRecord& record) {
    const std::chrono::nanoseconds time = record.end - record.begin;
    append_head("X", record.thread, record.begin);
    buffer_ += ",\"dur\":";
    append_microseconds(time);
    buffer_ += ",\"cat\":\"operator\",\"name\":" + report::json_string(record.op) + ",\"args\":{";
    const auto field = [this](const char* name, std::int64_t value) {
      buffer_ += name;
      report::append_integer(buffer_, value);
    };
    field("\"macs\":", record.cost.macs);
    field(",\"flops\":", record.cost.flops);
    field(",\"bytes\":", record.cost.bytes());
    field(",\"flops_per_second\":", per_second(record.cost.flops, record.time()));
    field(",\"bytes_per_second\":", per_second(record.cost.bytes(), record.time()));
    if (record.device_time) field(",\"device_ns\":", record.device_time->count());
    buffer_ += ",\"module\":" + report::json_string(record.module);
    if (!record.overload.empty()) buffer_ += ",\"overload\":" + report::json_string(record.overload);
    if (record.dtype != DType::kUndefined) buffer_ += ",\"dtype\":" + report::json_string(dtype_name(record.dtype));
    if (record.verdict == VerdictKind::kUnknown) buffer_ += ",\"unknown\":true";
    if (record.call != nullptr) {
      buffer_ += ",\"inputs\":\"";
      append_shapes(buffer_, record.call->arguments());
      buffer_ += "\",\"outputs\":\"";
      append_shapes(buffer_, record.call->results());
      buffer_ += '"';
    }
    buffer_ += "}}";
  }

  void append_counters(Time time) {
    last_counter_ = time;
    for (const auto& [name, count] : {std::pair("FLOPs", flops_), std::pair("bytes", bytes_)}) {
      append_head("C", 0, time);
      buffer_ += std::string(",\"name\":\"") + name + "\",\"args\":{\"" + name + "\":";
      report::append_integer(buffer_, count);
      buffer_ += "}}";
    }
  }

  std::mutex mutex_;
  const Sink sink_;
  std::string buffer_;
  bool begun_ = false;
  bool failed_ = false;
  Time origin_;
  Time last_counter_;
  Count flops_;
  Count bytes_;
  std::map<std::uint32_t, Thread> threads_;
};

TraceWriter::TraceWriter(Sink sink) : state_(std::make_unique<State>(std::move(sink))) {}
TraceWriter::~TraceWriter() = default;

void TraceWriter::on_call(const CallRecord& record) noexcept { state_->on_call(record); }

bool TraceWriter::finish() { return state_->finish(); }

}  // namespace torchtally
