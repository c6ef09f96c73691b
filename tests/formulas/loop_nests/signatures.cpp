#include "signatures.h"

namespace torchtally::loop_nests {
namespace {

// clang-format off: one overload, one entry
constexpr Signature kSignatures[] = {
    {"_native::_foreach_mm_native_0", "", "self, mat2"},
    {"_quantized::_wrapped_quantized_linear_prepacked", "",
     "X, X_scale, X_zero_point, W_prepack, output_scale, output_zero_point, out_channel"},
    {"_quantized::conv2d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"_quantized::conv2d_relu", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"_quantized::conv3d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"_quantized::conv3d_relu", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"_quantized::conv_transpose1d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"_quantized::conv_transpose2d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"_quantized::linear", "", "X, W_prepack, Y_scale_i, Y_zero_point_i"},
    {"_quantized::linear_dynamic", "", "X, W_prepack, reduce_range"},
    {"_quantized::wrapped_fbgemm_linear_fp16_weight", "", "X, W, B, out_channel"},
    {"_quantized::wrapped_quantized_linear", "",
     "X, X_scale, X_zero_point, W, W_scale, W_zero_point, B, output_scale, output_zero_point, out_channel"},
    {"aten::_addmm_activation", "", "self, mat1, mat2, beta, alpha, use_gelu"},
    {"aten::_cdist_forward", "", "x1, x2, p, compute_mode"},
    {"aten::_conv_depthwise2d", "", "self, weight, kernel_size, bias, stride, padding, dilation"},
    {"aten::_convolution", "",
     "input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, benchmark, deterministic, "
     "cudnn_enabled, allow_tf32"},
    {"aten::_convolution", "deprecated",
     "input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, benchmark, deterministic, "
     "cudnn_enabled"},
    {"aten::_cslt_sparse_mm", "",
     "compressed_A, dense_B, bias, alpha, out_dtype, transpose_result, alg_id, split_k, split_k_mode"},
    {"aten::_cudnn_attention_backward", "",
     "grad_out, query, key, value, out, logsumexp, philox_seed, philox_offset, attn_bias, cum_seq_q, cum_seq_k, "
     "max_q, max_k, dropout_p, is_causal, scale"},
    {"aten::_cudnn_attention_forward", "",
     "query, key, value, attn_bias, cum_seq_q, cum_seq_k, max_q, max_k, compute_log_sumexp, dropout_p, is_causal, "
     "return_debug_mask, scale"},
    {"aten::_cudnn_rnn", "",
     "input, weight, weight_stride0, weight_buf, hx, cx, mode, hidden_size, proj_size, num_layers, batch_first, "
     "dropout, train, bidirectional, batch_sizes, dropout_state"},
    {"aten::_cudnn_rnn_backward", "",
     "input, weight, weight_stride0, weight_buf, hx, cx, output, grad_output, grad_hy, grad_cy, mode, hidden_size, "
     "proj_size, num_layers, batch_first, dropout, train, bidirectional, batch_sizes, dropout_state, reserve, "
     "output_mask"},
    {"aten::_dyn_quant_matmul_4bit", "", "inp, packed_weights, block_size, in_features, out_features"},
    {"aten::_efficient_attention_backward", "",
     "grad_out_, query, key, value, bias, out, cu_seqlens_q, cu_seqlens_k, max_seqlen_q, max_seqlen_k, logsumexp, "
     "dropout_p, philox_seed, philox_offset, custom_mask_type, bias_requires_grad, scale, num_splits_key, "
     "window_size, shared_storage_dqdkdv"},
    {"aten::_efficient_attention_forward", "",
     "query, key, value, bias, cu_seqlens_q, cu_seqlens_k, max_seqlen_q, max_seqlen_k, dropout_p, custom_mask_type, "
     "compute_log_sumexp, scale, seqlen_k, window_size"},
    {"aten::_embedding_bag_per_sample_weights_backward", "", "grad, weight, indices, offsets, offset2bag, mode, padding_idx"},
    {"aten::_euclidean_dist", "", "x1, x2"},
    {"aten::_flash_attention_backward", "",
     "grad_out, query, key, value, out, logsumexp, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal, "
     "rng_state, unused, scale, window_size_left, window_size_right"},
    {"aten::_flash_attention_forward", "",
     "query, key, value, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal, return_debug_mask, scale, "
     "window_size_left, window_size_right, seqused_k, alibi_slopes, block_table, num_splits"},
    {"aten::_flash_attention_forward", "quantized",
     "query, key, value, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal, return_debug_mask, q_descale, "
     "k_descale, v_descale, scale, window_size_left, window_size_right, seqused_k, alibi_slopes"},
    {"aten::_flash_attention_forward_no_dropout_inplace", "",
     "out, query, key, value, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal, return_debug_mask, scale, "
     "window_size_left, window_size_right, seqused_k, alibi_slopes, block_table, num_splits"},
    {"aten::_flash_scaled_dot_product_attention", "",
     "query, key, value, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal"},
    {"aten::_foreach_mm", "", "self, mat2"},
    {"aten::_grouped_mm", "", "self, mat2, offs, bias, out_dtype"},
    {"aten::_int_mm", "", "self, mat2"},
    {"aten::_lstm_mps", "", "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first"},
    {"aten::_mixed_dtypes_linear", "", "input, weight, scale, bias, activation"},
    {"aten::_mps_convolution", "", "self, weight, bias, padding, stride, dilation, groups"},
    {"aten::_mps_convolution_transpose", "", "self, weight, padding, output_padding, stride, dilation, groups"},
    {"aten::_native_decoder_only_multi_head_attention", "",
     "query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, incr_key, "
     "incr_value, need_weights, average_attn_weights"},
    {"aten::_native_multi_head_attention", "",
     "query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, need_weights, "
     "average_attn_weights, mask_type"},
    {"aten::_nnpack_spatial_convolution", "", "input, weight, bias, padding, stride"},
    {"aten::_scaled_dot_product_attention_forward", "", "query, key, value, attn_mask, dropout_p, need_attn_weights, is_causal"},
    {"aten::_scaled_dot_product_attention_math_for_mps", "",
     "query, key, value, attn_mask, dropout_p, is_causal, dropout_mask, scale, enable_gqa"},
    {"aten::_scaled_dot_product_cudnn_attention", "",
     "query, key, value, attn_bias, compute_log_sumexp, dropout_p, is_causal, return_debug_mask, scale"},
    {"aten::_scaled_dot_product_cudnn_attention_backward", "",
     "grad_out, query, key, value, out, logsumexp, philox_seed, philox_offset, attn_bias, cum_seq_q, cum_seq_k, "
     "max_q, max_k, dropout_p, is_causal, scale"},
    {"aten::_scaled_dot_product_efficient_attention", "",
     "query, key, value, attn_bias, compute_log_sumexp, dropout_p, is_causal, scale"},
    {"aten::_scaled_dot_product_efficient_attention_backward", "",
     "grad_out_, query, key, value, attn_bias, out, logsumexp, philox_seed, philox_offset, dropout_p, "
     "grad_input_mask, is_causal, scale"},
    {"aten::_scaled_dot_product_flash_attention", "", "query, key, value, dropout_p, is_causal, return_debug_mask, scale"},
    {"aten::_scaled_dot_product_flash_attention", "quantized",
     "query, key, value, q_descale, k_descale, v_descale, dropout_p, is_causal, return_debug_mask, scale"},
    {"aten::_scaled_dot_product_flash_attention_backward", "",
     "grad_out, query, key, value, out, logsumexp, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal, "
     "philox_seed, philox_offset, scale"},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", "", "query, key, value, dropout_p, is_causal, attn_mask, scale"},
    {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", "",
     "grad_out, query, key, value, out, logsumexp, dropout_p, is_causal, attn_mask, scale"},
    {"aten::_scaled_dot_product_fused_attention_overrideable", "",
     "query, key, value, attn_bias, dropout_p, is_causal, return_debug_mask, scale"},
    {"aten::_scaled_dot_product_fused_attention_overrideable_backward", "",
     "grad_out, query, key, value, attn_bias, grad_input_mask, out, logsumexp, cum_seq_q, cum_seq_k, max_q, max_k, "
     "dropout_p, is_causal, philox_seed, philox_offset, scale"},
    {"aten::_scaled_grouped_mm", "", "self, mat2, scale_a, scale_b, offs, bias, scale_result, out_dtype, use_fast_accum"},
    {"aten::_scaled_grouped_mm_v2", "",
     "self, mat2, scale_a, recipe_a, swizzle_a, scale_b, recipe_b, swizzle_b, offs, bias, out_dtype, contraction_dim, "
     "use_fast_accum"},
    {"aten::_scaled_mm", "", "self, mat2, scale_a, scale_b, bias, scale_result, out_dtype, use_fast_accum"},
    {"aten::_scaled_mm_v2", "",
     "self, mat2, scale_a, recipe_a, swizzle_a, scale_b, recipe_b, swizzle_b, bias, out_dtype, contraction_dim, "
     "use_fast_accum"},
    {"aten::_slow_conv2d_backward", "output_mask", "grad_output, self, weight, kernel_size, stride, padding, output_mask"},
    {"aten::_slow_conv2d_forward", "", "self, weight, kernel_size, bias, stride, padding"},
    {"aten::_sparse_addmm", "", "self, mat1, mat2, beta, alpha"},
    {"aten::_sparse_mm_reduce_impl", "", "self, other, reduce"},
    {"aten::_sparse_mm_reduce_impl_backward", "", "self, grad_out, weight, reduce, arg_out, output_mask"},
    {"aten::_sparse_semi_structured_addmm", "", "input, mat1, mat1_meta, mat2, alpha, beta, out_dtype"},
    {"aten::_sparse_semi_structured_linear", "", "input, weight, meta, bias, activation, out_dtype"},
    {"aten::_sparse_semi_structured_mm", "", "mat1, mat1_meta, mat2, out_dtype"},
    {"aten::_sparse_sparse_matmul", "", "self, other"},
    {"aten::_transformer_decoder_only_layer_fwd", "",
     "src, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, use_gelu, norm_first, eps, "
     "norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2, ffn_weight_1, ffn_bias_1, ffn_weight_2, ffn_bias_2, "
     "mask, incr_key, incr_value"},
    {"aten::_transformer_encoder_layer_fwd", "",
     "src, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, use_gelu, norm_first, eps, "
     "norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2, ffn_weight_1, ffn_bias_1, ffn_weight_2, ffn_bias_2, "
     "mask, mask_type"},
    {"aten::_trilinear", "", "i1, i2, i3, expand1, expand2, expand3, sumdim, unroll_dim"},
    {"aten::_triton_multi_head_attention", "",
     "query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask"},
    {"aten::_triton_scaled_dot_attention", "", "q, k, v, dropout_p"},
    {"aten::_weight_int4pack_mm", "", "self, mat2, qGroupSize, qScaleAndZeros"},
    {"aten::_weight_int4pack_mm_for_cpu", "", "self, mat2, qGroupSize, qScaleAndZeros"},
    {"aten::_weight_int4pack_mm_with_scales_and_zeros", "", "self, mat2, qGroupSize, qScale, qZeros"},
    {"aten::_weight_int8pack_mm", "", "self, mat2, scales"},
    {"aten::addbmm", "", "self, batch1, batch2, beta, alpha"},
    {"aten::addmm", "", "self, mat1, mat2, beta, alpha"},
    {"aten::addmm", "dtype", "self, mat1, mat2, out_dtype, beta, alpha"},
    {"aten::addmv", "", "self, mat, vec, beta, alpha"},
    {"aten::addr", "", "self, vec1, vec2, beta, alpha"},
    {"aten::affine_grid_generator", "", "theta, size, align_corners"},
    {"aten::baddbmm", "", "self, batch1, batch2, beta, alpha"},
    {"aten::baddbmm", "dtype", "self, batch1, batch2, out_dtype, beta, alpha"},
    {"aten::bmm", "", "self, mat2"},
    {"aten::bmm", "dtype", "self, mat2, out_dtype"},
    {"aten::conv_depthwise3d", "", "self, weight, kernel_size, bias, stride, padding, dilation"},
    {"aten::conv_tbc", "", "self, weight, bias, pad"},
    {"aten::convolution", "", "input, weight, bias, stride, padding, dilation, transposed, output_padding, groups"},
    {"aten::convolution_backward", "",
     "grad_output, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding, groups, "
     "output_mask"},
    {"aten::convolution_backward_overrideable", "",
     "grad_output, input, weight, stride, padding, dilation, transposed, output_padding, groups, output_mask"},
    {"aten::convolution_overrideable", "", "input, weight, bias, stride, padding, dilation, transposed, output_padding, groups"},
    {"aten::cudnn_affine_grid_generator", "", "theta, N, C, H, W"},
    {"aten::cudnn_affine_grid_generator_backward", "", "grad, N, C, H, W"},
    {"aten::cudnn_convolution", "", "self, weight, padding, stride, dilation, groups, benchmark, deterministic, allow_tf32"},
    {"aten::cudnn_convolution_add_relu", "", "self, weight, z, alpha, bias, stride, padding, dilation, groups"},
    {"aten::cudnn_convolution_relu", "", "self, weight, bias, stride, padding, dilation, groups"},
    {"aten::cudnn_convolution_transpose", "",
     "self, weight, padding, output_padding, stride, dilation, groups, benchmark, deterministic, allow_tf32"},
    {"aten::dot", "", "self, tensor"},
    {"aten::hspmm", "", "mat1, mat2"},
    {"aten::linalg_matrix_exp", "", "self"},
    {"aten::linalg_pinv", "", "self, rcond, hermitian"},
    {"aten::linalg_pinv", "atol_rtol_float", "self, atol, rtol, hermitian"},
    {"aten::linalg_pinv", "atol_rtol_tensor", "self, atol, rtol, hermitian"},
    {"aten::linalg_pinv", "rcond_tensor", "self, rcond, hermitian"},
    {"aten::linear", "", "input, weight, bias"},
    {"aten::linear_backward", "", "self, grad_output, weight, output_mask"},
    {"aten::lstm_mps_backward", "",
     "grad_y, grad_hy, grad_cy, z_state, cell_state_fwd, input, hx, params, has_biases, num_layers, dropout, train, "
     "bidirectional, batch_first"},
    {"aten::lstm_mps_backward", "",
     "grad_y, grad_hy, grad_cy, z_state, cell_state_fwd, input, layersOutputs, hx, params, has_biases, num_layers, "
     "dropout, train, bidirectional, batch_first"},
    {"aten::matmul", "", "self, other"},
    {"aten::matmul_backward", "", "grad, self, other, mask"},
    {"aten::miopen_convolution", "", "self, weight, bias, padding, stride, dilation, groups, benchmark, deterministic"},
    {"aten::miopen_convolution_add_relu", "", "self, weight, z, alpha, bias, stride, padding, dilation, groups"},
    {"aten::miopen_convolution_relu", "", "self, weight, bias, stride, padding, dilation, groups"},
    {"aten::miopen_convolution_transpose", "",
     "self, weight, bias, padding, output_padding, stride, dilation, groups, benchmark, deterministic"},
    {"aten::miopen_depthwise_convolution", "", "self, weight, bias, padding, stride, dilation, groups, benchmark, deterministic"},
    {"aten::miopen_rnn", "",
     "input, weight, weight_stride0, hx, cx, mode, hidden_size, num_layers, batch_first, dropout, train, "
     "bidirectional, batch_sizes, dropout_state"},
    {"aten::miopen_rnn_backward", "",
     "input, weight, weight_stride0, weight_buf, hx, cx, output, grad_output, grad_hy, grad_cy, mode, hidden_size, "
     "num_layers, batch_first, dropout, train, bidirectional, batch_sizes, dropout_state, reserve, output_mask"},
    {"aten::mkldnn_convolution", "", "self, weight, bias, padding, stride, dilation, groups"},
    {"aten::mkldnn_linear", "", "self, weight, bias"},
    {"aten::mkldnn_linear_backward", "", "self, grad_output, weight, output_mask"},
    {"aten::mkldnn_linear_backward_input", "", "input_size, grad_output, weight"},
    {"aten::mkldnn_linear_backward_weights", "", "grad_output, input, weight, bias_defined"},
    {"aten::mkldnn_rnn_layer", "",
     "input, weight0, weight1, weight2, weight3, hx_, cx_, reverse, batch_sizes, mode, hidden_size, num_layers, "
     "has_biases, bidirectional, batch_first, train"},
    {"aten::mkldnn_rnn_layer_backward", "",
     "input, weight1, weight2, weight3, weight4, hx_, cx_tmp, output, hy_, cy_, grad_output, grad_hy, grad_cy, "
     "reverse, mode, hidden_size, num_layers, has_biases, train, bidirectional, batch_sizes, batch_first, workspace"},
    {"aten::mm", "", "self, mat2"},
    {"aten::mm", "dtype", "self, mat2, out_dtype"},
    {"aten::mps_convolution_backward", "", "self, grad_output, weight, padding, stride, dilation, groups, output_mask"},
    {"aten::mps_convolution_transpose_backward", "",
     "self, grad_output, weight, padding, output_padding, stride, dilation, groups, output_mask"},
    {"aten::mv", "", "self, vec"},
    {"aten::quantized_gru", "data", "data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional"},
    {"aten::quantized_gru", "data_legacy",
     "data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional"},
    {"aten::quantized_gru", "input", "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first"},
    {"aten::quantized_gru", "input_legacy",
     "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first"},
    {"aten::quantized_lstm", "data",
     "data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional, dtype, use_dynamic"},
    {"aten::quantized_lstm", "data_legacy",
     "data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional, dtype, use_dynamic"},
    {"aten::quantized_lstm", "input",
     "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first, dtype, use_dynamic"},
    {"aten::quantized_lstm", "input_legacy",
     "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first, dtype, use_dynamic"},
    {"aten::slow_conv3d_forward", "", "self, weight, kernel_size, bias, stride, padding"},
    {"aten::slow_conv_dilated2d", "", "self, weight, kernel_size, bias, stride, padding, dilation"},
    {"aten::slow_conv_dilated3d", "", "self, weight, kernel_size, bias, stride, padding, dilation"},
    {"aten::slow_conv_transpose2d", "", "self, weight, kernel_size, bias, stride, padding, output_padding, dilation"},
    {"aten::slow_conv_transpose3d", "", "self, weight, kernel_size, bias, stride, padding, output_padding, dilation"},
    {"aten::sparse_sampled_addmm", "", "self, mat1, mat2, beta, alpha"},
    {"aten::sspaddmm", "", "self, mat1, mat2, beta, alpha"},
    {"aten::tensordot", "", "self, other, dims_self, dims_other"},
    {"aten::vdot", "", "self, other"},
    // In Python, not in the dispatcher.
    {"higher_order::flex_attention", "", "query, key, value, score_mod, block_mask, scale, kernel_options, kept_scores"},
    {"higher_order::flex_attention_backward", "",
     "query, key, value, out, logsumexp, grad_out, grad_logsumexp, fw_graph, joint_graph, block_mask, scale, kernel_options, "
     "kept_scores"},
    {"inductor::_mm_plus_mm", "", "a, b, c, d, out"},
    {"mkl::_mkl_linear", "", "X, MKL_W, ORI_W, B, batch_size"},
    {"mkldnn::_convolution_pointwise", "", "X, W, B, padding, stride, dilation, groups, attr, scalars, algorithm"},
    {"mkldnn::_convolution_pointwise", "binary",
     "X, other, W, B, padding, stride, dilation, groups, binary_attr, alpha, unary_attr, unary_scalars, "
     "unary_algorithm"},
    {"mkldnn::_convolution_pointwise", "binary",
     "other, X, W, B, padding, stride, dilation, groups, binary_attr, alpha, unary_attr, unary_scalars, "
     "unary_algorithm"},
    {"mkldnn::_convolution_transpose_pointwise", "",
     "X, W, B, padding, output_padding, stride, dilation, groups, attr, scalars, algorithm"},
    {"mkldnn::_linear_pointwise", "", "X, W, B, attr, scalars, algorithm"},
    {"mkldnn::_linear_pointwise", "binary", "X, other, W, B, attr"},
    {"mkldnn_prepacked::conv2d_run", "", "X, W_prepack"},
    {"onednn::linear_dynamic_fp16", "", "x, w, bias"},
    {"onednn::linear_relu_dynamic_fp16", "", "x, w, bias"},
    {"onednn::qconv1d_pointwise", "",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, stride, padding, dilation, groups, output_scale, "
     "output_zero_point, output_dtype, attr, scalars, algorithm"},
    {"onednn::qconv2d_pointwise", "",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, stride, padding, dilation, groups, output_scale, "
     "output_zero_point, output_dtype, attr, scalars, algorithm"},
    {"onednn::qconv2d_pointwise", "binary",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, qaccum, bias, stride, padding, dilation, groups, "
     "output_scale, output_zero_point, output_dtype, accum_scale, accum_zero_point, binary_attr, alpha, unary_attr, "
     "unary_scalars, unary_algorithm"},
    {"onednn::qconv2d_pointwise", "binary_tensor",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, qaccum, bias, stride, padding, dilation, groups, "
     "output_scale, output_zero_point, output_dtype, accum_scale, accum_zero_point, binary_attr, alpha, unary_attr, "
     "unary_scalars, unary_algorithm"},
    {"onednn::qconv2d_pointwise", "tensor",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, stride, padding, dilation, groups, output_scale, "
     "output_zero_point, output_dtype, attr, scalars, algorithm"},
    {"onednn::qconv3d_pointwise", "",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, stride, padding, dilation, groups, output_scale, "
     "output_zero_point, output_dtype, attr, scalars, algorithm"},
    {"onednn::qconv_pointwise", "",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, stride, padding, dilation, groups, output_scale, "
     "output_zero_point, output_dtype, attr, scalars, algorithm"},
    {"onednn::qconv_pointwise", "tensor",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, stride, padding, dilation, groups, output_scale, "
     "output_zero_point, output_dtype, attr, scalars, algorithm"},
    {"onednn::qlinear_pointwise", "",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, output_scale, output_zero_point, output_dtype, "
     "post_op_name, post_op_args, post_op_algorithm"},
    {"onednn::qlinear_pointwise", "binary",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, other, bias, output_scale, output_zero_point, "
     "output_dtype, other_scale, other_zp, binary_post_op, binary_alpha, unary_post_op, unary_post_op_args, "
     "unary_post_op_algorithm"},
    {"onednn::qlinear_pointwise", "binary_tensor",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, other, bias, output_scale, output_zero_point, "
     "output_dtype, other_scale, other_zp, binary_post_op, binary_alpha, unary_post_op, unary_post_op_args, "
     "unary_post_op_algorithm"},
    {"onednn::qlinear_pointwise", "tensor",
     "qx, x_scale, x_zero_point, qw, w_scale, w_zero_point, bias, output_scale, output_zero_point, output_dtype, "
     "post_op_name, post_op_args, post_op_algorithm"},
    {"prepacked::conv2d_clamp_run", "", "X, W_prepack"},
    {"prepacked::conv2d_transpose_clamp_run", "", "X, W_prepack"},
    {"prepacked::linear_clamp_run", "", "X, W_prepack"},
    {"quantized::conv1d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv1d_dynamic", "", "qx, packed_weight, reduce_range"},
    {"quantized::conv1d_relu", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv2d", "", "qx, weight, stride, padding, dilation, groups, output_scale, output_zero_point"},
    {"quantized::conv2d", "new", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv2d_add", "", "qx, qaccum, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv2d_add_relu", "", "qx, qaccum, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv2d_dynamic", "", "qx, packed_weight, reduce_range"},
    {"quantized::conv2d_relu", "", "qx, weight, stride, padding, dilation, groups, output_scale, output_zero_point"},
    {"quantized::conv2d_relu", "new", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv3d", "", "qx, weight, stride, padding, dilation, groups, output_scale, output_zero_point"},
    {"quantized::conv3d", "new", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv3d_dynamic", "", "qx, packed_weight, reduce_range"},
    {"quantized::conv3d_relu", "", "qx, weight, stride, padding, dilation, groups, output_scale, output_zero_point"},
    {"quantized::conv3d_relu", "new", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv_transpose1d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv_transpose1d_dynamic", "", "qx, packed_weight, reduce_range"},
    {"quantized::conv_transpose2d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv_transpose2d_dynamic", "", "qx, packed_weight, reduce_range"},
    {"quantized::conv_transpose3d", "", "qx, packed_weight, output_scale, output_zero_point"},
    {"quantized::conv_transpose3d_dynamic", "", "qx, packed_weight, reduce_range"},
    {"quantized::int4mm_packed_weight_cpu", "", "self, mat2, qGroupSize, qScaleAndZeros"},
    {"quantized::linear", "", "X, W_prepack, Y_scale_i, Y_zero_point_i"},
    {"quantized::linear_dynamic", "", "X, W_prepack, reduce_range"},
    {"quantized::linear_dynamic_fp16", "", "X, W_prepack"},
    {"quantized::linear_dynamic_fp16_unpacked_weight", "", "X, weight, bias"},
    {"quantized::linear_leaky_relu", "", "X, W_prepack, Y_scale_i, Y_zero_point_i, negative_slope"},
    {"quantized::linear_relu", "", "X, W_prepack, Y_scale_i, Y_zero_point_i"},
    {"quantized::linear_relu_dynamic", "", "X, W_prepack, reduce_range"},
    {"quantized::linear_relu_dynamic_fp16", "", "X, W_prepack"},
    {"quantized::linear_tanh", "", "X, W_prepack, Y_scale_i, Y_zero_point_i"},
    {"quantized::linear_with_input_q_dq_qweight_dq_output_fp32", "", "X, X_scale, X_zero_point, W_prepack"},
    {"quantized::linear_with_input_q_dq_qweight_dq_relu_output_fp32", "", "X, X_scale, X_zero_point, W_prepack"},
    {"quantized::matmul", "", "qa, qb, scale, zero_point"},
    {"quantized::quantized_gru_cell_dynamic", "", "input, hx, w_ih, w_hh, b_ih, b_hh"},
    {"quantized::quantized_lstm_cell_dynamic", "", "input, hx, w_ih, w_hh, bias_ih, bias_hh"},
    {"quantized::quantized_rnn_relu_cell_dynamic", "", "input, hx, w_ih, w_hh, b_ih, b_hh"},
    {"quantized::quantized_rnn_tanh_cell_dynamic", "", "input, hx, w_ih, w_hh, b_ih, b_hh"},
    {"sparse::qlinear", "", "X, W_prepack, Y_scale_i, Y_zero_point_i"},
    {"sparse::qlinear_dynamic", "", "X, W_prepack"},
    {"sparse::qlinear_relu", "", "X, W_prepack, Y_scale_i, Y_zero_point_i"},
    {"sparse::qlinear_relu_dynamic", "", "X, W_prepack"},
    {"symm_mem::_async_input_mm", "", "a, b, a_chunk_signals, a_chunk_pivot"},
    {"torchvision::_deform_conv2d_backward", "",
     "grad, input, weight, offset, mask, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, "
     "offset_groups, use_mask"},
    {"torchvision::deform_conv2d", "",
     "input, weight, offset, mask, bias, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, "
     "offset_groups, use_mask"},
};
// clang-format on

}  // namespace

absl::Span<const Signature> signatures() { return kSignatures; }

std::vector<std::string_view> argument_names(const Signature& signature) {
  std::vector<std::string_view> names;
  std::string_view rest = signature.arguments;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    names.push_back(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
  }
  return names;
}

bool counts_products(const formulas::Row& row) {
  return row.family != nullptr && row.family->mathematics.find("macs") != std::string_view::npos;
}

}  // namespace torchtally::loop_nests
