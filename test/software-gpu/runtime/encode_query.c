/* Which encoding parameters the stand-in takes, and how it refuses others. */
#include <string.h>

#include "description.h"
#include "encoder.h"
#include "switches.h"
#include "../shared/trace.h"

/* Clears a field that is refused, as a real runtime does: FFmpeg finds out by it what to tell its user. */
#define REFUSE(field)                  \
    do {                               \
        (field) = 0;                   \
        status = MFX_ERR_UNSUPPORTED;  \
    } while (0)

/* Longest side of a picture in pixels, as documented for the DG2 family. */
static int longest_side(mfxU32 codec)
{
    switch (codec) {
    case MFX_CODEC_AVC: return 4096;
    case MFX_CODEC_HEVC:
    case MFX_CODEC_AV1:
    case MFX_CODEC_VP9: return 8192;
    default: return 16384;
    }
}

/* Words of SOFTWARE_GPU_REFUSE for rate controls. */
static const char *rate_control_word(int method)
{
    switch (method) {
    case MFX_RATECONTROL_CBR: return "cbr";
    case MFX_RATECONTROL_VBR: return "vbr";
    case MFX_RATECONTROL_CQP: return "cqp";
    case MFX_RATECONTROL_AVBR: return "avbr";
    case MFX_RATECONTROL_LA: return "la";
    case MFX_RATECONTROL_ICQ: return "icq";
    case MFX_RATECONTROL_VCM: return "vcm";
    case MFX_RATECONTROL_LA_ICQ: return "la";
    case MFX_RATECONTROL_QVBR: return "qvbr";
    default: return NULL;
    }
}

static mfxStatus check_picture(mfxInfoMFX *mfx)
{
    mfxStatus status = MFX_ERR_NONE;
    mfxFrameInfo *info = &mfx->FrameInfo;
    const char *codec = codec_name(mfx->CodecId);
    if (!codec || refused(codec))
        REFUSE(mfx->CodecId);
    /* There is no 10-bit AVC in Quick Sync. */
    int avc = mfx->CodecId == MFX_CODEC_AVC;
    if (pixel_format(info->FourCC) == AV_PIX_FMT_NONE || (avc && info->FourCC == MFX_FOURCC_P010))
        REFUSE(info->FourCC);
    if (info->FourCC == MFX_FOURCC_P010 && refused("10bit"))
        REFUSE(info->FourCC);
    int longest = longest_side(mfx->CodecId);
    if (info->Width > longest || info->Width < 16 || info->Width % 16)
        REFUSE(info->Width);
    if (info->Height > longest || info->Height < 16 || info->Height % 16)
        REFUSE(info->Height);
    return status;
}

mfxStatus check_encode_parameters(mfxVideoParam *parameters)
{
    mfxInfoMFX *mfx = &parameters->mfx;
    mfxExtCodingOption2 *option2 = extension_of(parameters, MFX_EXTBUFF_CODING_OPTION2);
    mfxStatus status = check_picture(mfx);
    if (mfx->CodecId == MFX_CODEC_JPEG)
        return status;
    mfxFrameInfo *info = &mfx->FrameInfo;
    if (!info->FrameRateExtN || !info->FrameRateExtD || info->FrameRateExtN / info->FrameRateExtD > 300)
        REFUSE(info->FrameRateExtN);
    if (mfx->LowPower == MFX_CODINGOPTION_ON && refused("lowpower"))
        REFUSE(mfx->LowPower);
    /* Recent generations have nothing but the low-power engine: without a wish they use it. */
    if (mfx->LowPower == MFX_CODINGOPTION_OFF && refused("nolowpower"))
        REFUSE(mfx->LowPower);
    const char *word = rate_control_word(mfx->RateControlMethod);
    if (!word || refused(word))
        REFUSE(mfx->RateControlMethod);
    /* The low-power engine's rate control runs in HuC firmware. */
    if (mfx->LowPower == MFX_CODINGOPTION_ON && mfx->RateControlMethod != MFX_RATECONTROL_CQP && refused("nohuc"))
        REFUSE(mfx->RateControlMethod);
    if (option2 && option2->ExtBRC == MFX_CODINGOPTION_ON && refused("extbrc"))
        REFUSE(option2->ExtBRC);
    if (status != MFX_ERR_NONE)
        return status;
    if (mfx->NumRefFrame > 16) {
        mfx->NumRefFrame = 16;
        status = MFX_WRN_INCOMPATIBLE_VIDEO_PARAM;
    }
    int variable = mfx->RateControlMethod == MFX_RATECONTROL_VBR || mfx->RateControlMethod == MFX_RATECONTROL_QVBR;
    if (variable && mfx->MaxKbps && mfx->MaxKbps < mfx->TargetKbps) {
        mfx->MaxKbps = mfx->TargetKbps;
        status = MFX_WRN_INCOMPATIBLE_VIDEO_PARAM;
    }
    return status;
}

EXPORT mfxStatus MFXVideoENCODE_Query(mfxSession handle, mfxVideoParam *in, mfxVideoParam *out)
{
    (void)handle;
    if (!out)
        return MFX_ERR_NULL_PTR;
    if (!in) {
        /* Which fields can be set at all: every one. */
        mfxU32 codec = out->mfx.CodecId;
        memset(&out->mfx, 0xff, sizeof(out->mfx));
        out->mfx.CodecId = codec;
        return MFX_ERR_NONE;
    }
    mfxStatus status = injected_failure(STAGE_ENCODE_QUERY);
    if (status != MFX_ERR_NONE)
        return status;
    mfxVideoParam checked = *in;
    status = check_encode_parameters(&checked);
    if (in != out) {
        checked.ExtParam = out->ExtParam;
        checked.NumExtParam = out->NumExtParam;
    }
    *out = checked;
    if (status != MFX_ERR_NONE) {
        const char *codec = codec_name(in->mfx.CodecId);
        struct TraceLine line;
        trace_begin(&line, "encode.refused");
        trace_text(&line, "codec", codec ? codec : "none");
        trace_text(&line, "format", format_name(in->mfx.FrameInfo.FourCC));
        trace_number(&line, "status", status);
        trace_end(&line);
    }
    return status;
}

EXPORT mfxStatus MFXVideoENCODE_QueryIOSurf(mfxSession handle, mfxVideoParam *parameters, mfxFrameAllocRequest *request)
{
    (void)handle;
    int distance = parameters->mfx.GopRefDist ? parameters->mfx.GopRefDist : 3;
    memset(request, 0, sizeof(*request));
    request->Info = parameters->mfx.FrameInfo;
    request->NumFrameMin = request->NumFrameSuggested = (mfxU16)(4 + parameters->AsyncDepth + distance);
    request->Type = MFX_MEMTYPE_FROM_ENCODE | MFX_MEMTYPE_EXTERNAL_FRAME;
    request->Type |= parameters->IOPattern & MFX_IOPATTERN_IN_SYSTEM_MEMORY ? MFX_MEMTYPE_SYSTEM_MEMORY
                                                                            : MFX_MEMTYPE_VIDEO_MEMORY_DECODER_TARGET;
    return MFX_ERR_NONE;
}
