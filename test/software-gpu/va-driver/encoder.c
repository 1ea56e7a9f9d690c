#include "encoder.h"

#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../shared/switches.h"
#include "../shared/trace.h"
#include "abilities.h"

static const char *software_encoder(const char *codec)
{
    return !strcmp(codec, "h264")   ? "libx264"
           : !strcmp(codec, "hevc") ? "libx265"
                                    : "libvpx-vp9";
}

static int is_constant_quality(const struct EncodeRequest *request)
{
    return request->rate_control == VA_RC_ICQ || request->rate_control == VA_RC_QVBR;
}

/*
 * Quality on the scale of the software encoder. VA's quantizers of VP9 and AV1 count to 255 and its quality to 51,
 * where libvpx and libaom count to 63.
 */
static int software_quality(const struct EncodeRequest *request)
{
    const char *codec = codec_of(request->profile);
    int wide = !strcmp(codec, "vp9") || !strcmp(codec, "av1");
    if (!is_constant_quality(request))
        return wide ? request->quantizer / 4 : request->quantizer;
    return wide ? request->quality * 63 / 51 : request->quality;
}

static void set_rate(AVCodecContext *context, AVDictionary **options, const struct EncodeRequest *request)
{
    const char *codec = codec_of(request->profile);
    int block = !strcmp(codec, "h264") || !strcmp(codec, "hevc");
    int constant = request->rate_control == VA_RC_CQP;
    if (constant || is_constant_quality(request))
        av_dict_set_int(options, constant && block ? "qp" : "crf", software_quality(request), 0);
    if (constant || request->rate_control == VA_RC_ICQ)
        return;
    if (request->rate_control == VA_RC_VBR || request->rate_control == VA_RC_CBR)
        context->bit_rate = request->target;
    /* Beside a constant quality, the rate is the highest one to libvpx. */
    else if (!block)
        context->bit_rate = request->highest;
    if (block && request->highest) {
        context->rc_max_rate = request->highest;
        context->rc_buffer_size = (int)(request->buffer ? request->buffer : request->highest);
    }
}

/* Each picture must come out before the next goes in, and key frames are the application's to choose. */
static void set_structure(AVCodecContext *context, AVDictionary **options, const struct EncodeRequest *request)
{
    const char *codec = codec_of(request->profile);
    context->max_b_frames = 0;
    context->gop_size = 1 << 20;
    if (!strcmp(codec, "h264")) {
        av_dict_set(options, "preset", "veryfast", 0);
        av_dict_set(options, "tune", "zerolatency", 0);
        av_dict_set(options, "forced-idr", "1", 0);
        /* As FFmpeg's parameter sets for VA-API are: see h264_slices.h. One slice, for which one thread works. */
        av_dict_set(options, "x264-params",
                    "force-cfr=1:scenecut=0:mbtree=0:threads=1:slices=1:ref=1:weightp=0:psy=0:deblock=0,0", 0);
        av_dict_set_int(options, "coder", request->cabac, 0);
        av_dict_set(options, "profile",
                    request->profile == VAProfileH264High   ? "high"
                    : request->profile == VAProfileH264Main ? "main"
                                                            : "baseline",
                    0);
    } else if (!strcmp(codec, "hevc")) {
        av_dict_set(options, "preset", "superfast", 0);
        av_dict_set(options, "forced-idr", "1", 0);
        /* As FFmpeg's parameter sets for VA-API are: see hevc_slices.h. */
        av_dict_set(options, "x265-params",
                    "log-level=none:pools=none:frame-threads=1:repeat-headers=1:bframes=0:rc-lookahead=0:scenecut=0:"
                    "b-adapt=0:cutree=0:info=0:wpp=0:slices=1:ctu=32:min-cu-size=8:max-tu-size=32:tu-intra-depth=1:"
                    "tu-inter-depth=1:amp=0:sao=0:temporal-mvp=0:strong-intra-smoothing=0:signhide=0:tskip=0:weightp=0:"
                    "ref=1:aq-mode=1:aq-strength=0.1:qg-size=8:psy-rd=0:psy-rdoq=0",
                    0);
    } else {
        av_dict_set(options, "cpu-used", "8", 0);
        av_dict_set(options, "lag-in-frames", "0", 0);
        av_dict_set(options, "auto-alt-ref", "0", 0);
        av_dict_set(options, "deadline", "realtime", 0);
    }
}

static int at_most(int value, int limit)
{
    return value < limit ? value : limit;
}

/* One of libavcodec, for pictures as they are in the frame. */
static VAStatus open_codec(struct Encoder *encoder)
{
    const struct EncodeRequest *request = &encoder->request;
    const AVFrame *frame = encoder->frame;
    const char *name = software_encoder(codec_of(request->profile));
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (!codec) {
        fprintf(stderr, "software GPU: this libavcodec has no %s\n", name);
        return VA_STATUS_ERROR_OPERATION_FAILED;
    }
    AVCodecContext *context = encoder->context = avcodec_alloc_context3(codec);
    if (!context)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    if (!switch_text("SOFTWARE_GPU_DEBUG"))
        context->log_level_offset = 64;
    context->width = frame->width;
    context->height = frame->height;
    context->pix_fmt = frame->format;
    context->framerate = (AVRational){ request->rate_numerator, request->rate_denominator };
    context->time_base = av_inv_q(context->framerate);
    context->color_range = request->colours.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    context->color_primaries = request->colours.primaries;
    context->color_trc = request->colours.transfer;
    context->colorspace = request->colours.matrix;
    context->thread_count = codec_threads();
    AVDictionary *options = NULL;
    set_structure(context, &options, request);
    set_rate(context, &options, request);
    int opened = avcodec_open2(context, codec, &options);
    av_dict_free(&options);
    return opened < 0 ? VA_STATUS_ERROR_INVALID_PARAMETER : VA_STATUS_SUCCESS;
}

static VAStatus open_encoder(struct Encoder *encoder, const struct SurfaceView *picture)
{
    const struct EncodeRequest *request = &encoder->request;
    AVFrame *frame = encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    if (!frame || !encoder->packet)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    /* Blocks reach over the picture's edges: the surface knows where it ends. */
    frame->width = at_most(request->width, picture->width);
    frame->height = at_most(request->height, picture->height);
    frame->format = picture->fourcc == VA_FOURCC_P010 ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P;
    if (av_frame_get_buffer(frame, 0) < 0)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    trace_encode_request(request, picture->fourcc, frame->width, frame->height);
    if (strcmp(codec_of(request->profile), "av1"))
        return open_codec(encoder);
    encoder->av1 = open_av1(request, frame, software_quality(request), codec_threads());
    return encoder->av1 ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_PARAMETER;
}

/* From NV12, or P010 with its samples in the upper bits, to three planes. */
static void copy_picture(AVFrame *to, const struct SurfaceView *from)
{
    int wide = from->fourcc == VA_FOURCC_P010;
    for (int plane = 0; plane < 3; plane++) {
        int rows = plane ? (to->height + 1) / 2 : to->height, columns = plane ? (to->width + 1) / 2 : to->width;
        int step = plane ? 2 : 1, first = plane == 2;
        for (int y = 0; y < rows; y++) {
            uint8_t *target = to->data[plane] + y * to->linesize[plane];
            const uint8_t *source = from->data[plane != 0] + y * from->pitches[plane != 0];
            for (int x = 0; x < columns; x++) {
                if (wide)
                    ((uint16_t *)target)[x] = ((const uint16_t *)source)[x * step + first] >> 6;
                else
                    target[x] = source[x * step + first];
            }
        }
    }
}

/* The coded picture under the application's headers; its size, or 0 when it has to stay under its own. */
static size_t with_packed_headers(struct Encoder *encoder, uint8_t **bytes)
{
    const struct PackedHeaders *headers = &encoder->request.headers;
    const AVPacket *packet = encoder->packet;
    if (!headers->slice_size || !encoder->context)
        return 0;
    switch (encoder->context->codec_id) {
    case AV_CODEC_ID_H264:
        return put_under_headers(&encoder->slices, headers, packet->data, (size_t)packet->size, bytes);
    case AV_CODEC_ID_HEVC:
        return put_under_hevc_headers(&encoder->hevc_slices, headers, packet->data, (size_t)packet->size, bytes);
    default: return 0;
    }
}

/* Puts the coded picture into the application's buffer. */
static VAStatus give_picture(struct Encoder *encoder)
{
    uint8_t *bytes = NULL;
    size_t size = with_packed_headers(encoder, &bytes);
    const AVPacket *packet = encoder->packet;
    encoder->packed += size > 0;
    VAStatus status = size ? fill_coded_buffer(encoder->request.coded, bytes, size)
                           : fill_coded_buffer(encoder->request.coded, packet->data, (size_t)packet->size);
    free(bytes);
    return status;
}

/* From the frame into the packet. */
static int run_encoder(struct Encoder *encoder)
{
    if (encoder->av1)
        return encode_av1(encoder->av1, encoder->frame, encoder->packet);
    if (!encoder->context)
        return -1;
    int sent = avcodec_send_frame(encoder->context, encoder->frame);
    return sent < 0 ? sent : avcodec_receive_packet(encoder->context, encoder->packet);
}

VAStatus encode_picture(struct Encoder *encoder, const struct SurfaceView *picture)
{
    if (picture->fourcc != VA_FOURCC_NV12 && picture->fourcc != VA_FOURCC_P010)
        return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
    if (!encoder->frame) {
        VAStatus status = open_encoder(encoder, picture);
        if (status != VA_STATUS_SUCCESS)
            return status;
    }
    AVFrame *frame = encoder->frame;
    if (picture->width < frame->width || picture->height < frame->height)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    if (av_frame_make_writable(frame) < 0)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    copy_picture(frame, picture);
    frame->pts = encoder->frames++;
    frame->pict_type = encoder->request.key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    frame_delay();
    if (run_encoder(encoder) < 0)
        return VA_STATUS_ERROR_ENCODING_ERROR;
    VAStatus status = give_picture(encoder);
    encoder->packets++;
    encoder->key_frames += (encoder->packet->flags & AV_PKT_FLAG_KEY) != 0;
    encoder->bytes += encoder->packet->size;
    av_packet_unref(encoder->packet);
    return status;
}

void close_encoder(struct Encoder *encoder)
{
    if (encoder->frame) {
        struct TraceLine line;
        trace_begin(&line, "va.encode.close");
        trace_text(&line, "codec", codec_of(encoder->request.profile));
        trace_number(&line, "frames", encoder->frames);
        trace_number(&line, "packets", encoder->packets);
        trace_number(&line, "keyFrames", encoder->key_frames);
        trace_number(&line, "packed", encoder->packed);
        trace_number(&line, "bytes", encoder->bytes);
        trace_end(&line);
    }
    end_encode_request(&encoder->request);
    avcodec_free_context(&encoder->context);
    close_av1(encoder->av1);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
}
