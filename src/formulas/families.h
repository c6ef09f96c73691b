// The formulas that rows of the table share. Each is a torchtally::formulas::RowFormula; conventions: torchtally/cost.h.
// The arithmetic of a family stands beside its function, that of a pointwise operator beside its row.
#ifndef TORCHTALLY_SRC_FORMULAS_FAMILIES_H_
#define TORCHTALLY_SRC_FORMULAS_FAMILIES_H_

#include "formulas/table.h"

namespace torchtally::formulas {

// pointwise.cpp
void per_output(const OpCall& call, const Row& row, Cost& cost);  // row.each per element of the outputs
void per_input(const OpCall& call, const Row& row,
               Cost& cost);  // row.each per element of the first argument, row.result per output
void scaled_sum(const OpCall& call, const Row& row, Cost& cost);       // add, sub, rsub
void scaled_addition(const OpCall& call, const Row& row, Cost& cost);  // addcmul, addcdiv
void division(const OpCall& call, const Row& row, Cost& cost);
void clamp(const OpCall& call, const Row& row, Cost& cost);
void gelu(const OpCall& call, const Row& row, Cost& cost);
void gelu_backward(const OpCall& call, const Row& row, Cost& cost);
void elu_backward(const OpCall& call, const Row& row, Cost& cost);
void log_softmax(const OpCall& call, const Row& row, Cost& cost);
void logit(const OpCall& call, const Row& row, Cost& cost);

// reduction.cpp
void vector_norm(const OpCall& call, const Row& row, Cost& cost);
void trace(const OpCall& call, const Row& row, Cost& cost);

// matmul.cpp
void matrix_product(const OpCall& call, const Row& row, Cost& cost);        // mm, bmm, mv, dot, ...
void added_matrix_product(const OpCall& call, const Row& row, Cost& cost);  // addmm, baddbmm, addbmm, addmv
void outer_product(const OpCall& call, const Row& row, Cost& cost);         // addr
void scaled_matrix_product(const OpCall& call, const Row& row, Cost& cost);
void grouped_matrix_product(const OpCall& call, const Row& row, Cost& cost);
void matmul(const OpCall& call, const Row& row, Cost& cost);
void linear(const OpCall& call, const Row& row, Cost& cost);
void linear_backward(const OpCall& call, const Row& row, Cost& cost);
void linear_backward_input(const OpCall& call, const Row& row, Cost& cost);
void linear_backward_weights(const OpCall& call, const Row& row, Cost& cost);
void trilinear(const OpCall& call, const Row& row, Cost& cost);

// distance.cpp
void cdist(const OpCall& call, const Row& row, Cost& cost);
void cdist_backward(const OpCall& call, const Row& row, Cost& cost);
void pdist(const OpCall& call, const Row& row, Cost& cost);

// convolution.cpp
void convolution(const OpCall& call, const Row& row, Cost& cost);
void convolution_relu(const OpCall& call, const Row& row, Cost& cost);
void convolution_add_relu(const OpCall& call, const Row& row, Cost& cost);
void transposed_convolution(const OpCall& call, const Row& row, Cost& cost);
void convolution_backward(const OpCall& call, const Row& row, Cost& cost);
void slow_convolution_backward(const OpCall& call, const Row& row, Cost& cost);

// attention.cpp
void attention(const OpCall& call, const Row& row, Cost& cost);                  // (batch, heads, sequence, features)
void attention_backward(const OpCall& call, const Row& row, Cost& cost);         // likewise
void packed_attention(const OpCall& call, const Row& row, Cost& cost);           // (batch, sequence, heads, features), or packed
void packed_attention_backward(const OpCall& call, const Row& row, Cost& cost);  // likewise
void multi_head_attention(const OpCall& call, const Row& row, Cost& cost);
void transformer_encoder_layer(const OpCall& call, const Row& row, Cost& cost);

// recurrent.cpp
void mkldnn_rnn(const OpCall& call, const Row& row, Cost& cost);
void mkldnn_rnn_backward(const OpCall& call, const Row& row, Cost& cost);
void fused_lstm_cell(const OpCall& call, const Row& row, Cost& cost);
void fused_gru_cell(const OpCall& call, const Row& row, Cost& cost);

// normalization.cpp
void layer_norm(const OpCall& call, const Row& row, Cost& cost);
void layer_norm_backward(const OpCall& call, const Row& row, Cost& cost);
void rms_norm(const OpCall& call, const Row& row, Cost& cost);
void rms_norm_backward(const OpCall& call, const Row& row, Cost& cost);
void batch_norm(const OpCall& call, const Row& row, Cost& cost);  // training or not, as its argument says
void batch_norm_training(const OpCall& call, const Row& row, Cost& cost);
void batch_norm_inference(const OpCall& call, const Row& row, Cost& cost);
void batch_norm_backward(const OpCall& call, const Row& row, Cost& cost);
void weight_norm(const OpCall& call, const Row& row, Cost& cost);
void embedding_renorm(const OpCall& call, const Row& row, Cost& cost);

// pooling.cpp
void max_pool(const OpCall& call, const Row& row, Cost& cost);
void average_pool(const OpCall& call, const Row& row, Cost& cost);
void average_pool_backward(const OpCall& call, const Row& row, Cost& cost);
void adaptive_average_pool_backward(const OpCall& call, const Row& row, Cost& cost);

// resampling.cpp
void antialiased_upsample(const OpCall& call, const Row& row, Cost& cost);
void antialiased_upsample_backward(const OpCall& call, const Row& row, Cost& cost);
void grid_sampler(const OpCall& call, const Row& row, Cost& cost);
void grid_sampler_backward(const OpCall& call, const Row& row, Cost& cost);
void affine_grid(const OpCall& call, const Row& row, Cost& cost);

// indexing.cpp
void gathered_bytes(const OpCall& call, const Row& row, Cost& cost);  // reads the indices and what they select
void copied_bytes(const OpCall& call, const Row& row, Cost& cost);    // copy: the destination is not read
void no_bytes(const OpCall& call, const Row& row, Cost& cost);        // empty: memory that nobody has touched yet
void index_put(const OpCall& call, const Row& row, Cost& cost);
void index_add(const OpCall& call, const Row& row, Cost& cost);
void scatter(const OpCall& call, const Row& row, Cost& cost);
void embedding_bag(const OpCall& call, const Row& row, Cost& cost);
void embedding_bag_dense_backward(const OpCall& call, const Row& row, Cost& cost);

// loss.cpp
void pointwise_loss(const OpCall& call, const Row& row, Cost& cost);
void weighted_cross_entropy(const OpCall& call, const Row& row, Cost& cost);  // binary_cross_entropy, with logits or not
void nll_loss(const OpCall& call, const Row& row, Cost& cost);
void nll_loss_backward(const OpCall& call, const Row& row, Cost& cost);
void ctc_loss(const OpCall& call, const Row& row, Cost& cost);
void ctc_loss_backward(const OpCall& call, const Row& row, Cost& cost);

// optimizer.cpp
void fused_adam(const OpCall& call, const Row& row, Cost& cost);
void fused_sgd(const OpCall& call, const Row& row, Cost& cost);
void fused_adagrad(const OpCall& call, const Row& row, Cost& cost);

// spectral.cpp
void fft(const OpCall& call, const Row& row, Cost& cost);

// vision.cpp
void nms(const OpCall& call, const Row& row, Cost& cost);
void roi_align(const OpCall& call, const Row& row, Cost& cost);
void roi_align_backward(const OpCall& call, const Row& row, Cost& cost);
void deformable_convolution(const OpCall& call, const Row& row, Cost& cost);
void deformable_convolution_backward(const OpCall& call, const Row& row, Cost& cost);

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_FAMILIES_H_
