/* The trace line of an encoder's Init. Values are as the application gave them: 0 and null were left to the runtime. */
#include <stdio.h>

#include "description.h"
#include "encoder.h"
#include "../shared/trace.h"

/* A coding option: null where the application left it to the runtime. */
static void trace_option(struct TraceLine *line, const char *key, mfxU16 option)
{
    trace_word(line, key, option == MFX_CODINGOPTION_ON ? "true" : option == MFX_CODINGOPTION_OFF ? "false" : "null");
}

static const char *rate_control_name(int method)
{
    switch (method) {
    case MFX_RATECONTROL_CBR: return "CBR";
    case MFX_RATECONTROL_VBR: return "VBR";
    case MFX_RATECONTROL_CQP: return "CQP";
    case MFX_RATECONTROL_AVBR: return "AVBR";
    case MFX_RATECONTROL_LA: return "LA";
    case MFX_RATECONTROL_ICQ: return "ICQ";
    case MFX_RATECONTROL_VCM: return "VCM";
    case MFX_RATECONTROL_LA_ICQ: return "LA_ICQ";
    case MFX_RATECONTROL_QVBR: return "QVBR";
    default: return "none";
    }
}

/* Fields of VPL's rate control share memory: which of them mean something depends on the method. */
static void trace_rate_control(struct TraceLine *line, const mfxInfoMFX *mfx, const struct Encoder *encoder)
{
    int method = mfx->RateControlMethod;
    trace_text(line, "rateControl", rate_control_name(method));
    if (method == MFX_RATECONTROL_CQP) {
        trace_number(line, "qpI", mfx->QPI);
        trace_number(line, "qpP", mfx->QPP);
        trace_number(line, "qpB", mfx->QPB);
    } else if (method == MFX_RATECONTROL_ICQ || method == MFX_RATECONTROL_LA_ICQ) {
        trace_number(line, "quality", mfx->ICQQuality);
    } else {
        trace_number(line, "targetKbps", kilobits(mfx, mfx->TargetKbps));
        trace_number(line, "maxKbps", kilobits(mfx, mfx->MaxKbps));
        trace_number(line, "bufferKB", kilobits(mfx, mfx->BufferSizeInKB));
        trace_number(line, "initialDelayKB", kilobits(mfx, mfx->InitialDelayInKB));
        if (method == MFX_RATECONTROL_QVBR)
            trace_number(line, "quality", encoder->option3.QVBRQuality);
    }
}

static void trace_colour(struct TraceLine *line, const mfxExtVideoSignalInfo *signal)
{
    if (!signal)
        return;
    trace_open(line, "colour", '{');
    trace_number(line, "fullRange", signal->VideoFullRange);
    trace_number(line, "primaries", signal->ColourPrimaries);
    trace_number(line, "transfer", signal->TransferCharacteristics);
    trace_number(line, "matrix", signal->MatrixCoefficients);
    trace_close(line, '}');
}

void trace_encoder(const mfxVideoParam *asked, const struct Encoder *encoder)
{
    const mfxInfoMFX *mfx = &asked->mfx;
    const mfxFrameInfo *info = &mfx->FrameInfo;
    char rate[32];
    snprintf(rate, sizeof(rate), "%u/%u", info->FrameRateExtN, info->FrameRateExtD);
    struct TraceLine line;
    trace_begin(&line, "encode.init");
    trace_text(&line, "codec", codec_name(mfx->CodecId));
    trace_text(&line, "memory", asked->IOPattern & MFX_IOPATTERN_IN_VIDEO_MEMORY ? "video" : "system");
    trace_text(&line, "format", format_name(info->FourCC));
    trace_number(&line, "bitDepth", info->FourCC == MFX_FOURCC_P010 ? 10 : 8);
    trace_number(&line, "width", info->CropW ? info->CropW : info->Width);
    trace_number(&line, "height", info->CropH ? info->CropH : info->Height);
    trace_text(&line, "frameRate", rate);
    trace_number(&line, "asyncDepth", asked->AsyncDepth);
    trace_number(&line, "targetUsage", mfx->TargetUsage);
    trace_number(&line, "profile", mfx->CodecProfile);
    trace_number(&line, "level", mfx->CodecLevel);
    trace_option(&line, "lowPower", mfx->LowPower);
    trace_number(&line, "gop", mfx->GopPicSize);
    trace_number(&line, "refDist", mfx->GopRefDist);
    trace_number(&line, "idrInterval", mfx->IdrInterval);
    trace_number(&line, "refs", mfx->NumRefFrame);
    trace_rate_control(&line, mfx, encoder);
    trace_number(&line, "lookAheadDepth", encoder->option2.LookAheadDepth);
    trace_option(&line, "extBrc", encoder->option2.ExtBRC);
    trace_number(&line, "bRefType", encoder->option2.BRefType);
    trace_option(&line, "adaptiveI", encoder->option2.AdaptiveI);
    trace_option(&line, "adaptiveB", encoder->option2.AdaptiveB);
    trace_option(&line, "bitrateLimit", encoder->option2.BitrateLimit);
    trace_number(&line, "scenario", encoder->option3.ScenarioInfo);
    trace_colour(&line, extension_of(asked, MFX_EXTBUFF_VIDEO_SIGNAL_INFO));
    trace_end(&line);
}
