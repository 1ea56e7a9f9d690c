/* The encoder of a context: VA's parameters in front, a software encoder behind: libavcodec's, or libaom for AV1. */
#pragma once
#include <libavcodec/avcodec.h>

#include "av1_encoder.h"
#include "encode_request.h"
#include "hevc_slices.h"
#include "memory.h"

struct Encoder {
    struct EncodeRequest request;
    AVCodecContext *context;
    struct Av1Encoder *av1; /* both NULL before the first picture */
    AVFrame *frame;
    AVPacket *packet;
    struct SliceWriter slices; /* of H.264 */
    struct HevcWriter hevc_slices;
    long frames, packets, key_frames;
    long packed; /* packets under the application's headers */
    int64_t bytes;
};

/* Encodes a picture as request says, into the request's coded buffer; opens the software encoder for the first one. */
VAStatus encode_picture(struct Encoder *encoder, const struct SurfaceView *picture);

/* Ends the software encoder, and writes into the trace what it has done. */
void close_encoder(struct Encoder *encoder);
