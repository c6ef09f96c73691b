// The formulas that rows of the table share. Each is a torchtally::formulas::RowFormula; conventions: torchtally/cost.h.
// The arithmetic of a family stands beside its function, that of a pointwise operator beside its row.
#ifndef TORCHTALLY_SRC_FORMULAS_FAMILIES_H_
#define TORCHTALLY_SRC_FORMULAS_FAMILIES_H_

#include "formulas/table.h"

namespace torchtally::formulas {

// pointwise.cpp
extern const Family per_output;       // row.each per element of the outputs
extern const Family per_input;        // row.each per element of the first argument, row.result per output
extern const Family per_gradient;     // likewise; the second argument, the input, is there for its shape
extern const Family scaled_sum;       // add, sub, rsub
extern const Family scaled_addition;  // addcmul, addcdiv
extern const Family product;
extern const Family division;
extern const Family rounding;
extern const Family lerp;
extern const Family power;
extern const Family clamp;
extern const Family gelu;
extern const Family gelu_backward;
extern const Family elu_backward;
extern const Family log_softmax;
extern const Family logit;

// reduction.cpp
extern const Family vector_norm;
extern const Family power_sum;
extern const Family distance;
extern const Family trace;
extern const Family renorm;
extern const Family segment_reduce;
extern const Family segment_reduce_backward;
extern const Family per_second_input;  // row.each per element of the second argument

// histogram.cpp
extern const Family histogram;
extern const Family multidimensional_histogram;
extern const Family histogram_edges;

// special.cpp
extern const Family polynomial;  // row.result for degree 1, row.each per further degree
extern const Family multivariate_log_gamma;

// matmul.cpp
extern const Family matrix_product;        // mm, bmm, mv, dot, ..., of sparse and nested tensors too
extern const Family added_matrix_product;  // addmm, baddbmm, addbmm, addmv, likewise
extern const Family outer_product;         // addr
extern const Family scaled_matrix_product;
extern const Family grouped_matrix_product;
extern const Family matmul;
extern const Family matmul_backward;
extern const Family tensordot;
extern const Family linear_combination;
extern const Family linear;
extern const Family int4_linear;
extern const Family int8_linear;
extern const Family mixed_linear;
extern const Family dynamically_quantized_linear;
extern const Family pointwise_linear;  // oneDNN's, with what follows it
extern const Family mkl_linear;
extern const Family prepacked_linear;
extern const Family linear_backward;
extern const Family linear_backward_input;
extern const Family linear_backward_weights;
extern const Family trilinear;

// sparse_product.cpp
extern const Family sampled_product;
extern const Family reduced_product;
extern const Family reduced_product_backward;
extern const Family semi_structured_linear;
extern const Family semi_structured_product;
extern const Family added_semi_structured_product;
extern const Family compressed_product;

// distance.cpp
extern const Family cdist;
extern const Family euclidean_distance;
extern const Family cdist_backward;
extern const Family pdist;
extern const Family pdist_backward;

// linear_algebra.cpp
extern const Family cholesky;
extern const Family cholesky_inverse;
extern const Family cholesky_solve;
extern const Family lu;
extern const Family lu_solve;
extern const Family solve;
extern const Family determinant;
extern const Family log_determinant;
extern const Family ldl;
extern const Family ldl_solve;
extern const Family triangular_solve;
extern const Family geqrf;
extern const Family qr;
extern const Family householder_product;
extern const Family ormqr;
extern const Family least_squares;
extern const Family eigh;
extern const Family eig;  // row.each.flops times n^3 / 3
extern const Family svd;
extern const Family pinv;
extern const Family matrix_exp;
extern const Family sparse_solve;

// compiled.cpp
extern const Family sum_of_products;
extern const Family accumulate_grad;

// convolution.cpp
extern const Family convolution;
extern const Family convolution_relu;
extern const Family convolution_add_relu;
extern const Family transposed_convolution;
extern const Family pointwise_convolution;             // oneDNN's, with what follows it
extern const Family pointwise_transposed_convolution;  // likewise
extern const Family prepacked_convolution;
extern const Family prepacked_transposed_convolution;
extern const Family time_batch_convolution;  // conv_tbc
extern const Family convolution_backward;
extern const Family slow_convolution_backward;
extern const Family mps_convolution_backward;
extern const Family mps_transposed_convolution_backward;

// attention.cpp
extern const Family attention;                           // (batch, heads, sequence, features), or nested
extern const Family attention_backward;                  // likewise
extern const Family flash_attention;                     // likewise, causal from the bottom right corner
extern const Family flash_attention_backward;            // likewise
extern const Family packed_attention;                    // (batch, sequence, heads, features), or packed
extern const Family packed_attention_into_output;        // likewise, after the output
extern const Family packed_attention_backward;           // likewise
extern const Family top_left_packed_attention;           // (batch, heads, sequence, features), or packed
extern const Family top_left_packed_attention_backward;  // likewise
extern const Family flex_attention;           // (query, key, value, ..., kept_scores), (batch, heads, sequence, features)
extern const Family flex_attention_backward;  // likewise
extern const Family multi_head_attention;
extern const Family transformer_layer;
extern const Family transform_bias_rescale_qkv;

// recurrent.cpp
extern const Family mkldnn_rnn;
extern const Family mkldnn_rnn_backward;
extern const Family cudnn_rnn;  // and MIOpen's
extern const Family cudnn_rnn_backward;
extern const Family mps_lstm;
extern const Family mps_lstm_backward;
extern const Family quantized_lstm;
extern const Family quantized_gru;
extern const Family quantized_rnn_tanh;
extern const Family quantized_rnn_relu;
extern const Family fused_lstm_cell;
extern const Family fused_lstm_cell_backward;
extern const Family fused_gru_cell;
extern const Family fused_gru_cell_backward;

// collective.cpp
extern const Family collective;            // all_reduce, all_gather, all_to_all, ...: the local input comes first
extern const Family collective_in_place;   // likewise, and is overwritten
extern const Family collective_into;       // (outputs, inputs)
extern const Family collective_by_copy;    // (buffer, input)
extern const Family moved_for_collective;  // parts of parameters to and from the buffers of collectives
extern const Family send;
extern const Family receive;
extern const Family sends_and_receives;

// normalization.cpp
extern const Family layer_norm;
extern const Family layer_norm_backward;
extern const Family nested_layer_norm;
extern const Family rms_norm;
extern const Family rms_norm_backward;
extern const Family batch_norm;  // training or not, as its argument says
extern const Family batch_norm_training;
extern const Family batch_norm_inference;
extern const Family batch_norm_backward;
extern const Family batch_norm_gather_stats;
extern const Family weight_norm;
extern const Family embedding_renorm;

// pooling.cpp
extern const Family max_pool;
extern const Family average_pool;
extern const Family average_pool_backward;
extern const Family adaptive_average_pool;           // row.each.flops: spatial dimensions
extern const Family adaptive_max_pool;               // likewise
extern const Family adaptive_average_pool_backward;  // likewise

// resampling.cpp
extern const Family antialiased_upsample;
extern const Family antialiased_upsample_backward;
extern const Family grid_sampler;
extern const Family grid_sampler_backward;
extern const Family affine_grid;
extern const Family affine_grid_backward;

// indexing.cpp
extern const Family gathered_bytes;   // reads the indices and what they select
extern const Family selected_bytes;   // reads what it writes: a copy of a part, or with a part replaced
extern const Family copied_bytes;     // copy: the destination is not read
extern const Family second_not_read;  // the second operand is there for its shape, or to be written
extern const Family masked_fill_bytes;
extern const Family masked_scatter_bytes;
extern const Family index_copy_bytes;
extern const Family index_fill_bytes;
extern const Family parameter_bytes;  // random numbers: reads the distribution's parameters
extern const Family no_bytes;         // empty: memory that nobody has touched yet
extern const Family index_put;
extern const Family put;
extern const Family masked_index_put_accumulate;
extern const Family index_add;
extern const Family scatter;
extern const Family embedding_bag;
extern const Family embedding_bag_dense_backward;
extern const Family embedding_bag_sample_weights_backward;

// loss.cpp
extern const Family pointwise_loss;
extern const Family weighted_cross_entropy;  // binary_cross_entropy, with logits or not
extern const Family nll_loss;
extern const Family nll_loss_backward;
extern const Family ctc_loss;
extern const Family ctc_loss_backward;
extern const Family ctc_loss_with_gradient;

// margin_loss.cpp
extern const Family multi_margin;
extern const Family multi_margin_backward;
extern const Family multilabel_margin;
extern const Family multilabel_margin_backward;

// optimizer.cpp
extern const Family fused_adam;
extern const Family fused_sgd;
extern const Family fused_adagrad;

// quantized.cpp
extern const Family quantized_pointwise;  // row.each per output element, dequantized
extern const Family quantized_pair;       // likewise, of two inputs; row.result on top: a relu
extern const Family quantized_scalar;     // with a number: row.each per output element
extern const Family quantized_layer_norm;
extern const Family quantized_group_norm;
extern const Family quantized_instance_norm;
extern const Family quantized_batch_norm;
extern const Family dequantize;
extern const Family learnable_fake_quantize_backward;
extern const Family observed_fake_quantize;

// quantized_products.cpp
extern const Family quantized_linear;
extern const Family half_linear;
extern const Family wrapped_quantized_linear;
extern const Family quantized_matmul;
extern const Family quantized_convolution;
extern const Family quantized_transposed_convolution;

// quantized_embedding.cpp
extern const Family embedding_byte;
extern const Family embedding_4bit;
extern const Family embedding_bag_byte;
extern const Family embedding_bag_4bit;
extern const Family embedding_bag_2bit;

// foreach.cpp
extern const Family foreach_matrix_product;
extern const Family foreach_power_sum;

// spectral.cpp
extern const Family fft;

// vision.cpp
extern const Family nms;
extern const Family roi_align;
extern const Family roi_align_backward;
extern const Family deformable_convolution;
extern const Family deformable_convolution_backward;

}  // namespace torchtally::formulas

#endif  // TORCHTALLY_SRC_FORMULAS_FAMILIES_H_
