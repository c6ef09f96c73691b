// Note [Communicated bytes]
// What this process puts in, once, whatever an algorithm sends for it and however many processes there are; what only receives
// counts what arrives. Every participant of a collective so counts its own share. A reduction's arithmetic is not counted: which
// process does how much of it (or whether a switch does) is the algorithm's affair.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// Buffers for results, and tensors that are only there to be returned, are not read.
void put_in(Cost& cost, Count payload) {
  cost.bytes_communicated += payload;
  cost.bytes_read = payload;
}

void count_collective(const OpCall& call, const Row&, Cost& cost) { put_in(cost, call.argument(std::size_t{0}).bytes()); }

// c10d returns a handle, not always the tensors.
void count_collective_in_place(const OpCall& call, const Row&, Cost& cost) {
  const Argument& tensors = call.argument(std::size_t{0});
  put_in(cost, tensors.bytes());
  cost.bytes_written = tensors.bytes();
  cost.activations = tensors.stored();
}

// (outputs, inputs, ...), either of them perhaps a list of lists. Who gives nothing to a scatter receives its output.
void count_collective_into(const OpCall& call, const Row&, Cost& cost) {
  const Argument& outputs = call.argument(std::size_t{0});
  const Argument& inputs = call.argument(1);
  put_in(cost, (inputs.tensors().empty() ? outputs : inputs).bytes());
  if (outputs.tensors().empty()) return;
  cost.bytes_written = outputs.bytes();
  cost.activations = outputs.stored();
}

// (buffer, input, ...): the input is first copied to a buffer that all processes see.
void count_collective_by_copy(const OpCall& call, const Row&, Cost& cost) {
  const Count payload = call.tensor(1).bytes();
  put_in(cost, payload);
  cost.bytes_read += payload;
  cost.bytes_written += payload;
}

// Nothing is written here.
void count_send(const OpCall& call, const Row&, Cost& cost) {
  put_in(cost, call.argument(std::size_t{0}).bytes());
  cost.bytes_written = 0;
  cost.activations = 0;
}

void count_receive(const OpCall& call, const Row&, Cost& cost) {
  const Argument& tensors = call.argument(std::size_t{0});
  cost.bytes_communicated += tensors.bytes();
  cost.bytes_read = 0;
  cost.bytes_written = tensors.bytes();
  cost.activations = tensors.stored();
}

// (op_list, peer_list, tag_list, tensors, ...): which of the tensors are sent and which received is not told apart.
void count_sends_and_receives(const OpCall& call, const Row&, Cost& cost) { put_in(cost, call.argument("tensors").bytes()); }

// Into a buffer for a collective, or out of one: all that the first argument holds, to where `out` is, if it is given, in its
// type.
void count_moved_for_collective(const OpCall& call, const Row&, Cost& cost) {
  const Argument& from = call.argument(std::size_t{0});
  const Argument& to = call.argument("out").is_none() ? from : call.argument("out");
  cost.bytes_read = from.bytes();
  cost.bytes_written = to.bytes();
  cost.activations = to.stored();
}

constexpr std::string_view kSource = "Note [Conventions], torchtally/cost.h";

}  // namespace

const Family collective = {count_collective,
                           "communicated = bytes of the local input; the arithmetic of a reduction is not counted", kSource};
const Family collective_in_place = {count_collective_in_place,
                                    "communicated = bytes of the tensors; the arithmetic of a reduction is not counted", kSource};
const Family collective_into = {count_collective_into,
                                "communicated = bytes of the local inputs, of the outputs where there are none (scatter, but for "
                                "the root); the arithmetic of a "
                                "reduction is not counted",
                                kSource};
const Family collective_by_copy = {count_collective_by_copy,
                                   "communicated = bytes of the local input, which is copied to the shared buffer first; the "
                                   "arithmetic of a reduction is not counted",
                                   kSource};
const Family send = {count_send, "communicated = bytes that are sent; nothing is written here", kSource};
const Family receive = {count_receive, "communicated = bytes that arrive; nothing is read here", kSource};
const Family sends_and_receives = {count_sends_and_receives, "communicated = bytes of all tensors, sent and received", kSource};
const Family moved_for_collective = {count_moved_for_collective, "the first argument, read and written once",
                                     "textbook definition"};

}  // namespace torchtally::formulas
