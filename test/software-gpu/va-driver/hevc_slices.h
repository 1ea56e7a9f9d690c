/* The same for HEVC as h264_slices.h for H.264. */
#pragma once
#include "h264_slices.h"

/* What of the parameter sets says how a slice is written, and what its blocks mean. */
struct HevcSets {
    struct {
        unsigned width, height, depth, blocks[6], tools; /* tools: one bit each, in their order */
    } picture;
    int order_bits, reference_sets, temporal, adaptive_offset;
    int output_flag, extra_bits, references, cabac_choice, initial_quantizer, slice_chroma, deblocking_control,
        deblocking_override, across_slices, modification, extension;
    struct {
        unsigned tools, quantizer_depth, chroma[2], merge_level;
    } coding;
};

struct HevcWriter {
    struct HevcSets packed, own;
    int fits; /* found out at each key picture */
};

/*
 * As put_under_headers(), with pictures of libx265. Answers 0 too where libx265 has chosen other block sizes or tools
 * than the packed parameter sets say.
 */
size_t put_under_hevc_headers(struct HevcWriter *writer, const struct PackedHeaders *headers, const uint8_t *coded,
                              size_t size, uint8_t **result);
