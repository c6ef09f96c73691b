#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

using List = std::vector<CallBuilder::Shape>;

MATCHER_P(Communicates, bytes, "") {
  *result_listener << "communicated " << static_cast<std::int64_t>(arg.bytes_communicated);
  return arg.bytes_communicated == std::int64_t{bytes} && arg.flops == 0 && arg.macs == 0;
}

// 6 elements of 4 bytes.
TEST(Collective, FunctionalAllReduce) {
  CallBuilder call("_c10d_functional::all_reduce");
  call.tensor("input", {2, 3}).text("reduce_op", "sum").text("group_name", "0").returns({2, 3});
  EXPECT_THAT(call.cost(), Communicates(24));
  EXPECT_THAT(call.cost(), Moves(24, 24));
}

// 6 elements put in, four times as many written.
TEST(Collective, FunctionalAllGather) {
  CallBuilder call("_c10d_functional::all_gather_into_tensor");
  call.tensor("input", {2, 3}).integer("group_size", 4).text("group_name", "0").returns({8, 3});
  EXPECT_THAT(call.cost(), Communicates(24));
  EXPECT_THAT(call.cost(), Moves(24, 96));
}

// 24 elements put in, a quarter comes out; the output buffer is not read.
TEST(Collective, FunctionalReduceScatterOut) {
  CallBuilder call("_c10d_functional::reduce_scatter_tensor_out");
  call.tensor("input", {8, 3}).text("reduce_op", "sum").integer("group_size", 4).text("group_name", "0").mutated("out", {2, 3});
  EXPECT_THAT(call.returns({2, 3}).cost(), Communicates(96));
  EXPECT_THAT(call.cost(), Moves(96, 24));
}

// 4 + 6 elements of 2 bytes.
TEST(Collective, AllReduceOfAList) {
  CallBuilder call("c10d::allreduce_");
  call.tensors("tensors", {{4}, {2, 3}}, DType::kBFloat16).other("process_group").other("reduce_op").none("sparse_indices");
  EXPECT_THAT(call.cost(), Communicates(20));
  EXPECT_THAT(call.cost(), Moves(20, 20));
}

// A stored element and its index are both sent: 3 elements of 4 bytes, 24 bytes of indices.
TEST(Collective, AllReduceOfASparseTensor) {
  CallBuilder call("_c10d_functional::all_reduce");
  call.sparse("input", {10, 10}, 3, Layout::kSparseCoo, 24);
  EXPECT_THAT(call.cost(), Communicates(36));
}

TEST(Collective, AllGatherIntoATensor) {
  CallBuilder call("c10d::_allgather_base_");
  call.tensor("output_tensor", {8, 3}).tensor("input_tensor", {2, 3}).other("process_group").returns({8, 3});
  EXPECT_THAT(call.cost(), Communicates(24));
  EXPECT_THAT(call.cost(), Moves(24, 96));
}

// The inputs, a list of lists, are one list here: twice 6 elements.
TEST(Collective, ReduceScatterOfLists) {
  CallBuilder call("c10d::reduce_scatter_");
  call.tensors("output_tensors", {{2, 3}}).tensors("input_tensors", {{2, 3}, {2, 3}}).other("process_group");
  EXPECT_THAT(call.returns_list({{2, 3}}).cost(), Communicates(48));
  EXPECT_THAT(call.cost(), Moves(48, 24));
}

// The root gives a share for each; the others give an empty list, and count the 6 elements that arrive.
TEST(Collective, Scatter) {
  CallBuilder root("c10d::scatter_");
  root.tensors("output_tensors", {{2, 3}}).tensors("input_tensors", {{2, 3}, {2, 3}}).returns_list({{2, 3}});
  EXPECT_THAT(root.cost(), Communicates(48));
  CallBuilder other("c10d::scatter_");
  EXPECT_THAT(other.tensors("output_tensors", {{2, 3}}).other("input_tensors").returns_list({{2, 3}}).cost(), Communicates(24));
}

TEST(Collective, AllToAll) {
  CallBuilder call("c10d::alltoall_base_");
  call.tensor("output", {5}).tensor("input", {6}).other("process_group").integers("output_split_sizes", {2, 3});
  EXPECT_THAT(call.cost(), Communicates(24));
  EXPECT_THAT(call.cost(), Moves(24, 20));
}

// 4 + 6 elements of 4 bytes, to a part of a buffer that is not read.
TEST(Collective, CopyIntoABuffer) {
  CallBuilder call("fsdp::all_gather_copy_in");
  call.tensors("all_gather_inputs", {{4}, {2, 3}}).tensor("all_gather_output", {20}).integers("inp_split_sizes", {4, 6});
  EXPECT_THAT(call.integer("all_gather_input_numel", 10).integer("rank", 0).returns({10}).returns({20}).cost(), Moves(40, 40));
}

// 3 elements of 2 bytes, padded to 2 parts of 2, in 4 bytes.
TEST(Collective, ChunksOfGradients) {
  CallBuilder call("fsdp::chunk_cat");
  call.tensors("tensors", {{3}}, DType::kBFloat16).integer("dim", 0).integer("num_chunks", 2).mutated("out", {2, 2});
  EXPECT_THAT(call.cost(), Moves(6, 16));
}

// The sender reads, the receiver writes; both count the 24 bytes.
TEST(PointToPoint, SendAndReceive) {
  CallBuilder send("c10d::send");
  send.tensors("tensors", {{2, 3}}).other("process_group").integer("dst", 1).integer("tag", 0);
  EXPECT_THAT(send.cost(), Communicates(24));
  EXPECT_THAT(send.cost(), Moves(24, 0));
  CallBuilder receive("c10d::recv_");
  receive.tensors("tensors", {{2, 3}}).other("process_group").integer("src", 0).integer("tag", 0);
  EXPECT_THAT(receive.cost(), Communicates(24));
  EXPECT_THAT(receive.cost(), Moves(0, 24));
}

TEST(PointToPoint, Batch) {
  CallBuilder call("_c10d_functional::batch_p2p_ops");
  call.other("op_list").integers("peer_list", {1, 1}).integers("tag_list", {0, 0}).tensors("tensors", {{4}, {6}});
  EXPECT_THAT(call.cost(), Communicates(40));
}

// The input is read for the copy, and again from the buffer.
TEST(SymmetricMemory, AllReduceByCopy) {
  CallBuilder call("symm_mem::one_shot_all_reduce_copy");
  call.tensor("symm_buffer", {100}).tensor("local_input", {6}).returns({6});
  EXPECT_THAT(call.cost(), Communicates(24));
  EXPECT_THAT(call.cost(), Moves(48, 48));
}

TEST(SymmetricMemory, ProductWithAnInputThatArrivesInChunks) {
  CallBuilder call("symm_mem::_async_input_mm");
  call.tensor("a", {2, 3}).tensor("b", {3, 4}).tensor("a_chunk_signals", {2}).returns({2, 4});
  EXPECT_THAT(call.cost(), Costs(24, 0, 0));
}

TEST(Collective, WaitingMovesNothing) {
  CallBuilder call("_c10d_functional::wait_tensor");
  call.tensor("tensor", {6}).returns({6});
  EXPECT_THAT(call.cost(), Communicates(0));
  EXPECT_THAT(call.cost(), Moves(0, 0));
}

}  // namespace
}  // namespace torchtally
