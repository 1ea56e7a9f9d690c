/*
 * Puts the pictures of the software encoder under the headers that the application has packed, as a driver does with
 * what its GPU has encoded: parameter sets and messages as they are, the slice header with the quantizer that was used.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What the application has packed for one picture, with start codes and emulation prevention. */
struct PackedHeaders {
    uint8_t *sets, *messages, *slice;
    size_t sets_size, messages_size, slice_size; /* the sets come with key pictures only */
};

/* What of the parameter sets says how a slice is written. */
struct SliceSets {
    int frame_number_bits, order_type, order_bits;
    int cabac, order_of_fields, references, weighted, initial_quantizer, chroma_offset, deblocking, redundant, wide;
};

/* The parameter sets of a stream: the application's, and the software encoder's own. */
struct SliceWriter {
    struct SliceSets packed, own;
};

/*
 * Writes the picture `coded` (of libx264, one slice with or without headers of its own) under the packed headers to a
 * new buffer; its size, or 0 when the slice cannot stand under them.
 */
size_t put_under_headers(struct SliceWriter *writer, const struct PackedHeaders *headers, const uint8_t *coded,
                         size_t size, uint8_t **result);
