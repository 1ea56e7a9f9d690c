/* The decoder of a session: a software decoder of libavcodec behind VPL's interface. */
#pragma once
#include <stdint.h>
#include <vpl/mfx.h>

#include "private_codecs.h"
#include "session.h"
#include "surface.h"

/* Most decoded frames that wait for a surface. */
#define DECODED_FRAMES 64

struct Decoder {
    mfxVideoParam parameters;
    AVCodecContext *context;
    AVCodecParserContext *parser; /* sees a change of size before the decoder does */
    AVPacket *packet;
    AVFrame *decoded[DECODED_FRAMES];
    int decoded_count;
    struct Converter converter;
    int draining;
    int64_t next_timestamp;
    long packets, frames;
};

enum AVCodecID decoder_id(mfxU32 codec);

/* The software decoder of a codec; NULL when this libavcodec has none. */
const AVCodec *software_decoder(enum AVCodecID id);

/* An opened software decoder; NULL when it cannot be opened. */
AVCodecContext *open_software_decoder(enum AVCodecID id, int threads);
