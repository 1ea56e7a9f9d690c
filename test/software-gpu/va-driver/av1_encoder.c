#include "av1_encoder.h"

#include <aom/aom_encoder.h>
#include <aom/aomcx.h>
#include <stdlib.h>
#include <string.h>

struct Av1Encoder {
    aom_codec_ctx_t codec;
    aom_image_t image;
};

static void set_rate(aom_codec_enc_cfg_t *settings, const struct EncodeRequest *request)
{
    switch (request->rate_control) {
    case VA_RC_VBR:
    case VA_RC_CBR:
        settings->rc_end_usage = AOM_VBR;
        settings->rc_target_bitrate = (unsigned)(request->target / 1000);
        return;
    case VA_RC_QVBR:
        settings->rc_end_usage = AOM_CQ;
        settings->rc_target_bitrate = (unsigned)(request->highest / 1000);
        return;
    default: settings->rc_end_usage = AOM_Q;
    }
}

static int set_controls(aom_codec_ctx_t *codec, const struct EncodeRequest *request, int quality)
{
    const struct Colours *colours = &request->colours;
    return aom_codec_control(codec, AOME_SET_CPUUSED, 8) == AOM_CODEC_OK &&
           aom_codec_control(codec, AOME_SET_ENABLEAUTOALTREF, 0) == AOM_CODEC_OK &&
           (request->rate_control == VA_RC_VBR || request->rate_control == VA_RC_CBR ||
            aom_codec_control(codec, AOME_SET_CQ_LEVEL, quality) == AOM_CODEC_OK) &&
           aom_codec_control(codec, AV1E_SET_COLOR_PRIMARIES, colours->primaries) == AOM_CODEC_OK &&
           aom_codec_control(codec, AV1E_SET_TRANSFER_CHARACTERISTICS, colours->transfer) == AOM_CODEC_OK &&
           aom_codec_control(codec, AV1E_SET_MATRIX_COEFFICIENTS, colours->matrix) == AOM_CODEC_OK &&
           aom_codec_control(codec, AV1E_SET_COLOR_RANGE, colours->full_range) == AOM_CODEC_OK;
}

struct Av1Encoder *open_av1(const struct EncodeRequest *request, const AVFrame *picture, int quality, int threads)
{
    int deep = picture->format == AV_PIX_FMT_YUV420P10;
    aom_codec_enc_cfg_t settings;
    struct Av1Encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder || aom_codec_enc_config_default(aom_codec_av1_cx(), &settings, AOM_USAGE_REALTIME) != AOM_CODEC_OK) {
        free(encoder);
        return NULL;
    }
    settings.g_w = (unsigned)picture->width;
    settings.g_h = (unsigned)picture->height;
    settings.g_threads = (unsigned)threads;
    settings.g_timebase = (struct aom_rational){ request->rate_denominator, request->rate_numerator };
    settings.g_lag_in_frames = 0;
    settings.g_bit_depth = deep ? AOM_BITS_10 : AOM_BITS_8;
    settings.g_input_bit_depth = deep ? 10 : 8;
    /* Key frames are the application's to choose. */
    settings.kf_mode = AOM_KF_DISABLED;
    set_rate(&settings, request);
    aom_codec_flags_t flags = deep ? AOM_CODEC_USE_HIGHBITDEPTH : 0;
    if (aom_codec_enc_init(&encoder->codec, aom_codec_av1_cx(), &settings, flags) != AOM_CODEC_OK) {
        free(encoder);
        return NULL;
    }
    aom_img_fmt_t format = deep ? AOM_IMG_FMT_I42016 : AOM_IMG_FMT_I420;
    /* Its planes are those of each frame. */
    int wrapped = aom_img_wrap(&encoder->image, format, settings.g_w, settings.g_h, 1, picture->data[0]) != NULL;
    if (!wrapped || !set_controls(&encoder->codec, request, quality)) {
        close_av1(encoder);
        return NULL;
    }
    encoder->image.bit_depth = settings.g_input_bit_depth;
    return encoder;
}

int encode_av1(struct Av1Encoder *encoder, const AVFrame *picture, AVPacket *packet)
{
    for (int plane = 0; plane < 3; plane++) {
        encoder->image.planes[plane] = picture->data[plane];
        encoder->image.stride[plane] = picture->linesize[plane];
    }
    aom_enc_frame_flags_t flags = picture->pict_type == AV_PICTURE_TYPE_I ? AOM_EFLAG_FORCE_KF : 0;
    if (aom_codec_encode(&encoder->codec, &encoder->image, picture->pts, 1, flags) != AOM_CODEC_OK)
        return -1;
    aom_codec_iter_t place = NULL;
    for (const aom_codec_cx_pkt_t *coded; (coded = aom_codec_get_cx_data(&encoder->codec, &place));) {
        if (coded->kind != AOM_CODEC_CX_FRAME_PKT)
            continue;
        if (av_new_packet(packet, (int)coded->data.frame.sz) < 0)
            return -1;
        memcpy(packet->data, coded->data.frame.buf, coded->data.frame.sz);
        packet->flags = coded->data.frame.flags & AOM_FRAME_IS_KEY ? AV_PKT_FLAG_KEY : 0;
        return 0;
    }
    return -1;
}

void close_av1(struct Av1Encoder *encoder)
{
    if (!encoder)
        return;
    aom_codec_destroy(&encoder->codec);
    free(encoder);
}
