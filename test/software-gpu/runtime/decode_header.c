/* What a stream is: MFXVideoDECODE_DecodeHeader, and the choice of the software decoder. */
#include <libavutil/pixdesc.h>
#include <string.h>

#include "decoder.h"
#include "description.h"
#include "switches.h"
#include "../shared/trace.h"

enum AVCodecID decoder_id(mfxU32 codec)
{
    switch (codec) {
    case MFX_CODEC_AVC: return AV_CODEC_ID_H264;
    case MFX_CODEC_HEVC: return AV_CODEC_ID_HEVC;
    case MFX_CODEC_AV1: return AV_CODEC_ID_AV1;
    case MFX_CODEC_VP9: return AV_CODEC_ID_VP9;
    case MFX_CODEC_VP8: return AV_CODEC_ID_VP8;
    case MFX_CODEC_JPEG: return AV_CODEC_ID_MJPEG;
    case MFX_CODEC_MPEG2: return AV_CODEC_ID_MPEG2VIDEO;
    case MFX_CODEC_VC1: return AV_CODEC_ID_VC1;
    default: return AV_CODEC_ID_NONE;
    }
}

const AVCodec *software_decoder(enum AVCodecID id)
{
    /* Never a *_qsv decoder: this is what lies under it. FFmpeg's own AV1 decoder needs hardware as well. */
    const int unwanted = AV_CODEC_CAP_HARDWARE | AV_CODEC_CAP_HYBRID | AV_CODEC_CAP_EXPERIMENTAL;
    void *iterator = NULL;
    const AVCodec *codec;
    while ((codec = lavc.av_codec_iterate(&iterator)))
        if (lavc.av_codec_is_decoder(codec) && codec->id == id && !(codec->capabilities & unwanted) &&
            strcmp(codec->name, "av1"))
            return codec;
    return NULL;
}

AVCodecContext *open_software_decoder(enum AVCodecID id, int threads)
{
    const AVCodec *codec = software_decoder(id);
    AVCodecContext *context = codec ? quiet_context(codec) : NULL;
    if (!context)
        return NULL;
    context->thread_count = threads;
    context->pkt_timebase = (AVRational){ 1, 90000 };
    context->apply_cropping = 1;
    if (lavc.avcodec_open2(context, codec, NULL) < 0)
        lavc.avcodec_free_context(&context);
    return context;
}

/* Decodes one access unit to learn its size and format: answers the format, or AV_PIX_FMT_NONE when it shows neither. */
static enum AVPixelFormat look_at(AVCodecContext *context, const uint8_t *data, int size)
{
    AVPacket *packet = lavc.av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    enum AVPixelFormat format = AV_PIX_FMT_NONE;
    if (packet && frame && lavc.av_new_packet(packet, size) >= 0) {
        memcpy(packet->data, data, (size_t)size);
        lavc.avcodec_send_packet(context, packet);
        int received = lavc.avcodec_receive_frame(context, frame);
        if (received < 0) {
            lavc.avcodec_send_packet(context, NULL);
            received = lavc.avcodec_receive_frame(context, frame);
        }
        format = context->pix_fmt;
        if (received >= 0) {
            format = frame->format;
            context->width = frame->width;
            context->height = frame->height;
        }
    }
    lavc.av_packet_free(&packet);
    av_frame_free(&frame);
    return context->width > 0 ? format : AV_PIX_FMT_NONE;
}

static void describe_picture(mfxFrameInfo *info, const AVCodecContext *context, int ten_bits)
{
    memset(info, 0, sizeof(*info));
    info->FourCC = ten_bits ? MFX_FOURCC_P010 : MFX_FOURCC_NV12;
    info->ChromaFormat = MFX_CHROMAFORMAT_YUV420;
    info->BitDepthLuma = info->BitDepthChroma = ten_bits ? 10 : 8;
    info->Shift = (mfxU16)ten_bits;
    info->CropW = (mfxU16)context->width;
    info->CropH = (mfxU16)context->height;
    info->Width = (mfxU16)((context->width + 15) & ~15);
    info->Height = (mfxU16)((context->height + 15) & ~15);
    info->PicStruct = MFX_PICSTRUCT_PROGRESSIVE;
    if (context->framerate.num > 0 && context->framerate.den > 0) {
        info->FrameRateExtN = (mfxU32)context->framerate.num;
        info->FrameRateExtD = (mfxU32)context->framerate.den;
    }
    int known = context->sample_aspect_ratio.num > 0;
    info->AspectRatioW = (mfxU16)(known ? context->sample_aspect_ratio.num : 1);
    info->AspectRatioH = (mfxU16)(known ? context->sample_aspect_ratio.den : 1);
}

static void describe_colour(mfxExtVideoSignalInfo *signal, const AVCodecContext *context)
{
    if (!signal)
        return;
    signal->VideoFullRange = context->color_range == AVCOL_RANGE_JPEG;
    signal->ColourDescriptionPresent = context->color_primaries != AVCOL_PRI_UNSPECIFIED ||
                                       context->color_trc != AVCOL_TRC_UNSPECIFIED ||
                                       context->colorspace != AVCOL_SPC_UNSPECIFIED;
    signal->ColourPrimaries = (mfxU16)context->color_primaries;
    signal->TransferCharacteristics = (mfxU16)context->color_trc;
    signal->MatrixCoefficients = (mfxU16)context->colorspace;
}

static void trace_header(mfxU32 codec, const AVCodecContext *context, const char *format, int supported)
{
    const char *name = codec_name(codec);
    struct TraceLine line;
    trace_begin(&line, supported ? "decode.header" : "decode.refused");
    trace_text(&line, "codec", name ? name : "none");
    trace_text(&line, "format", format);
    trace_number(&line, "width", context->width);
    trace_number(&line, "height", context->height);
    trace_end(&line);
}

/* Quick Sync decodes 4:2:0 of 8 and 10 bits; 4:2:2 and 4:4:4 depend on codec and generation and are refused here. */
static int decodable(const AVPixFmtDescriptor *format)
{
    return format && format->log2_chroma_w == 1 && format->log2_chroma_h == 1 && format->comp[0].depth <= 10;
}

EXPORT mfxStatus MFXVideoDECODE_DecodeHeader(mfxSession handle, mfxBitstream *stream, mfxVideoParam *parameters)
{
    (void)handle;
    if (!stream || !parameters)
        return MFX_ERR_NULL_PTR;
    mfxU32 codec = parameters->mfx.CodecId;
    AVCodecContext *context = open_software_decoder(decoder_id(codec), 1);
    if (!context)
        return MFX_ERR_UNSUPPORTED;
    enum AVPixelFormat format = look_at(context, stream->Data + stream->DataOffset, (int)stream->DataLength);
    mfxStatus status = MFX_ERR_MORE_DATA;
    if (format != AV_PIX_FMT_NONE) {
        const AVPixFmtDescriptor *descriptor = av_pix_fmt_desc_get(format);
        status = decodable(descriptor) ? MFX_ERR_NONE : MFX_ERR_UNSUPPORTED;
        trace_header(codec, context, descriptor ? descriptor->name : "unknown", status == MFX_ERR_NONE);
    }
    if (status == MFX_ERR_NONE) {
        describe_picture(&parameters->mfx.FrameInfo, context, av_pix_fmt_desc_get(format)->comp[0].depth > 8);
        describe_colour(extension_of(parameters, MFX_EXTBUFF_VIDEO_SIGNAL_INFO), context);
        /* HEVC's levels are thirtieths in the stream and tenths in VPL. */
        int level = codec == MFX_CODEC_HEVC ? context->level / 3 : context->level;
        parameters->mfx.CodecProfile = (mfxU16)(context->profile > 0 ? context->profile : 0);
        parameters->mfx.CodecLevel = (mfxU16)(level > 0 ? level : 0);
    }
    lavc.avcodec_free_context(&context);
    return status;
}
