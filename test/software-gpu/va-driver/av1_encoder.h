/*
 * AV1 by libaom itself. FFmpeg's way to it, up to 7.1 at least, writes into memory that it has freed: the properties of
 * the coded picture buffer, which setting up Dolby Vision replaces. Where several encoders open at once that now and then
 * ends the process.
 */
#pragma once
#include <libavcodec/packet.h>
#include <libavutil/frame.h>

#include "encode_request.h"

struct Av1Encoder;

/* An encoder of pictures of this shape, each of which comes out before the next goes in; NULL when it cannot be had. */
struct Av1Encoder *open_av1(const struct EncodeRequest *request, const AVFrame *picture, int quality, int threads);

/* Encodes a picture, as a key frame when it is of type I; 0, or below when it fails. */
int encode_av1(struct Av1Encoder *encoder, const AVFrame *picture, AVPacket *packet);

/* NULL is taken too. */
void close_av1(struct Av1Encoder *encoder);
