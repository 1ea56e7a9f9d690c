/*
 * The codecs that do the work: a private copy of libavcodec.
 *
 * FFmpeg opens a *_qsv codec under a mutex of libavcodec, and opening libx265 or SVT-AV1 through the same library would
 * wait for that mutex for ever. A second copy of the library, loaded beside this runtime, has a mutex of its own.
 */
#pragma once
#include <libavcodec/avcodec.h>

#define PRIVATE_CODEC_FUNCTIONS(X) \
    X(av_codec_is_decoder)         \
    X(av_codec_iterate)            \
    X(av_new_packet)               \
    X(av_packet_alloc)             \
    X(av_packet_free)              \
    X(av_packet_get_side_data)     \
    X(av_packet_unref)             \
    X(av_parser_close)             \
    X(av_parser_init)              \
    X(av_parser_parse2)            \
    X(avcodec_alloc_context3)      \
    X(avcodec_find_encoder_by_name) \
    X(avcodec_free_context)        \
    X(avcodec_open2)               \
    X(avcodec_receive_frame)       \
    X(avcodec_receive_packet)      \
    X(avcodec_send_frame)          \
    X(avcodec_send_packet)

#define PRIVATE_CODEC_MEMBER(function) __typeof__(&function) function;
struct PrivateCodecs {
    PRIVATE_CODEC_FUNCTIONS(PRIVATE_CODEC_MEMBER)
};

/* Functions of the private copy, by their own names. */
extern struct PrivateCodecs lavc;

/* Loads the copy, libavcodec-private.so beside this library. Ends the process when it cannot: nothing would work. */
void load_private_codecs(void);

/* A context that logs nothing, or everything with SOFTWARE_GPU_DEBUG=1. NULL when there is no memory. */
AVCodecContext *quiet_context(const AVCodec *codec);
