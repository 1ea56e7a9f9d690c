/* What an application asks of an encoder, gathered from the parameter buffers of its pictures. */
#pragma once
#include <stdint.h>
#include <va/va_backend.h>

#include "buffers.h"
#include "h264_slices.h"
#include "sequence_header.h"

struct EncodeRequest {
    VAProfile profile;
    VAEntrypoint entry;
    uint32_t rate_control; /* one of VA_RC_* */

    /* Sequence. The size is that of whole blocks. */
    int width, height;
    int gop, reference_distance;
    int level;

    /* Rate: bits per second, bits; quality from 1 (best) to 51. 0 where nothing was said. */
    int64_t target, highest, buffer, initial;
    int quality;
    int rate_numerator, rate_denominator;
    int quality_level;

    /* Picture. */
    VABufferID coded;
    int key;
    int quantizer; /* on the codec's own scale: 0 to 51, or 0 to 255 */
    int cabac; /* of H.264 */

    /* Kinds of headers that the application packs, as bits 1 << VAEncPackedHeaderType, and the last of them. */
    uint32_t packed, packing;
    struct PackedHeaders headers;
    struct Colours colours;
};

/* Nothing is known yet. */
void start_encode_request(struct EncodeRequest *request, VAProfile profile, VAEntrypoint entry, uint32_t rate_control);
void end_encode_request(struct EncodeRequest *request);

/* Forgets what was only said of the last picture. */
void start_picture_request(struct EncodeRequest *request);

/* Reads one buffer; what it has no use for is passed over, as drivers do. */
VAStatus read_encode_buffer(struct EncodeRequest *request, const struct BufferView *buffer);

/* Writes what was asked for into the trace; the size is that of the pictures. */
void trace_encode_request(const struct EncodeRequest *request, uint32_t fourcc, int width, int height);
