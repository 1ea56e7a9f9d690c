/* From VPL's encoding parameters to those of the software encoder that does the work. */
#include <libavutil/opt.h>
#include <stdio.h>

#include "encoder.h"
#include "switches.h"

/* x264's and x265's presets for VPL's target usages 1 (quality) to 7 (speed); all fast, because tests wait for them. */
static const char *const usage_presets[] = {
    "", "faster", "veryfast", "superfast", "superfast", "ultrafast", "ultrafast", "ultrafast",
};

static const char *software_encoder(mfxU32 codec)
{
    switch (codec) {
    case MFX_CODEC_AVC: return "libx264";
    case MFX_CODEC_HEVC: return "libx265";
    case MFX_CODEC_AV1: return "libsvtav1";
    case MFX_CODEC_VP9: return "libvpx-vp9";
    case MFX_CODEC_JPEG: return "mjpeg";
    default: return "mpeg2video";
    }
}

int64_t kilobits(const mfxInfoMFX *mfx, mfxU16 value)
{
    return (int64_t)value * (mfx->BRCParamMultiplier ? mfx->BRCParamMultiplier : 1);
}

static void set_picture(AVCodecContext *context, const mfxInfoMFX *mfx, const mfxExtVideoSignalInfo *signal)
{
    const mfxFrameInfo *info = &mfx->FrameInfo;
    context->width = info->CropW ? info->CropW : info->Width;
    context->height = info->CropH ? info->CropH : info->Height;
    context->pix_fmt = info->FourCC == MFX_FOURCC_P010 ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){ 1, 90000 };
    if (info->FrameRateExtN && info->FrameRateExtD)
        context->framerate = (AVRational){ (int)info->FrameRateExtN, (int)info->FrameRateExtD };
    /* MPEG-2 knows frames, not time stamps. */
    if (mfx->CodecId == MFX_CODEC_MPEG2)
        context->time_base = av_inv_q(context->framerate);
    if (info->AspectRatioW && info->AspectRatioH)
        context->sample_aspect_ratio = (AVRational){ info->AspectRatioW, info->AspectRatioH };
    if (!signal)
        return;
    context->color_range = signal->VideoFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    if (!signal->ColourDescriptionPresent)
        return;
    context->color_primaries = signal->ColourPrimaries;
    context->color_trc = signal->TransferCharacteristics;
    context->colorspace = signal->MatrixCoefficients;
}

/* Distances of key frames and of P frames. */
static void set_structure(AVCodecContext *context, mfxInfoMFX *mfx)
{
    if (!mfx->GopPicSize)
        mfx->GopPicSize = 250;
    if (!mfx->GopRefDist)
        mfx->GopRefDist = 3;
    context->gop_size = mfx->GopPicSize;
    context->max_b_frames = mfx->GopRefDist > 8 ? 7 : mfx->GopRefDist - 1;
    int baseline = mfx->CodecId == MFX_CODEC_AVC && (mfx->CodecProfile & 0xff) == MFX_PROFILE_AVC_BASELINE;
    if (baseline || mfx->CodecId == MFX_CODEC_VP9)
        context->max_b_frames = 0;
    if (mfx->NumRefFrame && (mfx->CodecId == MFX_CODEC_AVC || mfx->CodecId == MFX_CODEC_HEVC))
        context->refs = mfx->NumRefFrame;
    if (mfx->NumSlice > 1)
        context->slices = mfx->NumSlice;
}

/* Sets mean and highest rate; answers the constant quality, or 0 when a rate is asked for. */
static int set_rate(AVCodecContext *context, const mfxInfoMFX *mfx)
{
    switch (mfx->RateControlMethod) {
    case MFX_RATECONTROL_CQP: return mfx->QPP;
    case MFX_RATECONTROL_ICQ:
    case MFX_RATECONTROL_LA_ICQ: return mfx->ICQQuality;
    default: break;
    }
    context->bit_rate = kilobits(mfx, mfx->TargetKbps) * 1000;
    /* SVT-AV1 takes a highest rate with constant quality only. */
    if (mfx->CodecId == MFX_CODEC_AV1)
        return 0;
    int64_t highest = mfx->RateControlMethod == MFX_RATECONTROL_CBR ? context->bit_rate
                                                                    : kilobits(mfx, mfx->MaxKbps) * 1000;
    if (highest) {
        context->rc_max_rate = highest;
        context->rc_buffer_size = (int)(mfx->BufferSizeInKB ? kilobits(mfx, mfx->BufferSizeInKB) * 8000 : 2 * highest);
    }
    return 0;
}

static void set_x264(struct Encoder *encoder, AVDictionary **options, int quality)
{
    mfxInfoMFX *mfx = &encoder->parameters.mfx;
    AVCodecContext *context = encoder->context;
    int depth = encoder->option2.LookAheadDepth;
    char text[128];
    snprintf(text, sizeof(text), "force-cfr=1:sync-lookahead=0:rc-lookahead=%d:mbtree=0%s",
             depth <= 1 ? 0 : depth > 60 ? 60 : depth,
             encoder->option.AUDelimiter == MFX_CODINGOPTION_ON ? ":aud=1" : "");
    av_dict_set(options, "x264-params", text, 0);
    if (!mfx->CodecProfile)
        mfx->CodecProfile = MFX_PROFILE_AVC_HIGH;
    int profile = mfx->CodecProfile & 0xff;
    av_dict_set(options, "profile",
                profile == MFX_PROFILE_AVC_BASELINE ? "baseline" : profile == MFX_PROFILE_AVC_MAIN ? "main" : "high", 0);
    if (mfx->CodecLevel)
        context->level = mfx->CodecLevel;
    else
        mfx->CodecLevel = context->width > 1920 ? MFX_LEVEL_AVC_51 : MFX_LEVEL_AVC_42;
    if (quality)
        av_dict_set_int(options, mfx->RateControlMethod == MFX_RATECONTROL_CQP ? "qp" : "crf", quality, 0);
}

static void set_x265(struct Encoder *encoder, AVDictionary **options, int quality)
{
    mfxInfoMFX *mfx = &encoder->parameters.mfx;
    int depth = encoder->option2.LookAheadDepth;
    /* Every I frame an IDR frame: IdrInterval counts from 1 for HEVC. A closed group needs no more than that. */
    int closed = mfx->IdrInterval == 1 || (mfx->GopOptFlag & MFX_GOP_CLOSED);
    char text[180];
    int used = snprintf(text, sizeof(text),
                        "log-level=none:pools=none:frame-threads=%d:rc-lookahead=%d:repeat-headers=0:open-gop=%d",
                        codec_threads(), depth > 1 ? depth : 5 + encoder->context->max_b_frames, !closed);
    if (quality)
        snprintf(text + used, sizeof(text) - (size_t)used, ":%s=%d",
                 mfx->RateControlMethod == MFX_RATECONTROL_CQP ? "qp" : "crf", quality);
    av_dict_set(options, "x265-params", text, 0);
    if (!mfx->CodecProfile)
        mfx->CodecProfile = mfx->FrameInfo.FourCC == MFX_FOURCC_P010 ? MFX_PROFILE_HEVC_MAIN10 : MFX_PROFILE_HEVC_MAIN;
}

static void set_svt_av1(struct Encoder *encoder, AVDictionary **options, int quality)
{
    mfxInfoMFX *mfx = &encoder->parameters.mfx;
    char text[16];
    snprintf(text, sizeof(text), "lp=%d", codec_threads());
    av_dict_set(options, "svtav1-params", text, 0);
    av_dict_set_int(options, "preset", mfx->TargetUsage <= 2 ? 10 : 12, 0);
    if (quality) {
        /* AV1's quantizers count to 255, SVT-AV1's own scale to 63. */
        int constant = mfx->RateControlMethod == MFX_RATECONTROL_CQP;
        int value = constant ? quality / 4 : quality;
        av_dict_set_int(options, constant ? "qp" : "crf", value > 63 ? 63 : value < 1 ? 1 : value, 0);
    }
    if (!mfx->CodecProfile)
        mfx->CodecProfile = MFX_PROFILE_AV1_MAIN;
}

static void set_libvpx(AVDictionary **options, int quality)
{
    av_dict_set(options, "deadline", "realtime", 0);
    av_dict_set(options, "cpu-used", "8", 0);
    /* No hidden frames: VPL's runtime gives one packet for one frame. */
    av_dict_set(options, "lag-in-frames", "0", 0);
    av_dict_set(options, "auto-alt-ref", "0", 0);
    if (quality)
        av_dict_set_int(options, "crf", quality > 63 ? 63 : quality, 0);
}

static void set_jpeg(AVCodecContext *context, const mfxInfoMFX *mfx)
{
    context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    context->color_range = AVCOL_RANGE_JPEG;
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = FF_QP2LAMBDA * (mfx->Quality >= 90 ? 2 : mfx->Quality >= 70 ? 4 : 8);
}

mfxStatus open_software_encoder(struct Encoder *encoder, const mfxExtVideoSignalInfo *signal)
{
    mfxInfoMFX *mfx = &encoder->parameters.mfx;
    const AVCodec *codec = lavc.avcodec_find_encoder_by_name(software_encoder(mfx->CodecId));
    if (!codec) {
        fprintf(stderr, "software GPU: this libavcodec has no %s\n", software_encoder(mfx->CodecId));
        return MFX_ERR_UNSUPPORTED;
    }
    AVCodecContext *context = encoder->context = quiet_context(codec);
    if (!context)
        return MFX_ERR_MEMORY_ALLOC;
    context->thread_count = codec_threads();
    set_picture(context, mfx, signal);
    if (!mfx->TargetUsage)
        mfx->TargetUsage = MFX_TARGETUSAGE_BALANCED;
    AVDictionary *options = NULL;
    if (mfx->CodecId == MFX_CODEC_JPEG) {
        set_jpeg(context, mfx);
    } else {
        set_structure(context, mfx);
        int quality = set_rate(context, mfx);
        if (mfx->CodecId == MFX_CODEC_AVC || mfx->CodecId == MFX_CODEC_HEVC) {
            context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
            av_dict_set(&options, "preset", usage_presets[mfx->TargetUsage > 7 ? 7 : mfx->TargetUsage], 0);
            av_dict_set(&options, "forced-idr", "1", 0);
        }
        switch (mfx->CodecId) {
        case MFX_CODEC_AVC: set_x264(encoder, &options, quality); break;
        case MFX_CODEC_HEVC: set_x265(encoder, &options, quality); break;
        case MFX_CODEC_AV1: set_svt_av1(encoder, &options, quality); break;
        case MFX_CODEC_VP9: set_libvpx(&options, quality); break;
        default: break;
        }
    }
    int opened = lavc.avcodec_open2(context, codec, &options);
    av_dict_free(&options);
    return opened < 0 ? MFX_ERR_INVALID_VIDEO_PARAM : MFX_ERR_NONE;
}
