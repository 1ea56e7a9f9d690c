/*
 * The description by which the VPL dispatcher chooses an implementation. It claims every codec of the newest generation;
 * what a real generation lacks is taken away with SOFTWARE_GPU_REFUSE.
 */
#include "description.h"

#include <stdio.h>
#include <string.h>

#include "private_codecs.h"
#include "session.h"
#include "switches.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define CODECS 7

static const struct {
    mfxU32 id;
    const char *name;
    mfxU16 level;
    mfxU32 profiles[3];
    int profile_count, encodes;
} codecs[CODECS] = {
    { MFX_CODEC_AVC, "h264", MFX_LEVEL_AVC_52, { MFX_PROFILE_AVC_BASELINE, MFX_PROFILE_AVC_MAIN, MFX_PROFILE_AVC_HIGH }, 3, 1 },
    { MFX_CODEC_HEVC, "hevc", MFX_LEVEL_HEVC_62, { MFX_PROFILE_HEVC_MAIN, MFX_PROFILE_HEVC_MAIN10 }, 2, 1 },
    { MFX_CODEC_AV1, "av1", MFX_LEVEL_AV1_53, { MFX_PROFILE_AV1_MAIN }, 1, 1 },
    { MFX_CODEC_VP9, "vp9", 0, { MFX_PROFILE_VP9_0, MFX_PROFILE_VP9_2 }, 2, 1 },
    { MFX_CODEC_JPEG, "mjpeg", 0, { MFX_PROFILE_JPEG_BASELINE }, 1, 1 },
    { MFX_CODEC_MPEG2, "mpeg2", 0, { MFX_PROFILE_MPEG2_MAIN }, 1, 1 },
    { MFX_CODEC_VP8, "vp8", 0, { 0 }, 1, 0 },
};

/* The dispatcher loads a library only when it says that it has the functions of its API version. */
static const char *const functions[] = {
    "MFXInit", "MFXInitEx", "MFXInitialize", "MFXClose", "MFXQueryIMPL", "MFXQueryVersion", "MFXJoinSession",
    "MFXDisjoinSession", "MFXCloneSession", "MFXSetPriority", "MFXGetPriority", "MFXVideoCORE_SetFrameAllocator",
    "MFXVideoCORE_SetHandle", "MFXVideoCORE_GetHandle", "MFXVideoCORE_QueryPlatform", "MFXVideoCORE_SyncOperation",
    "MFXVideoENCODE_Query", "MFXVideoENCODE_QueryIOSurf", "MFXVideoENCODE_Init", "MFXVideoENCODE_Reset",
    "MFXVideoENCODE_Close", "MFXVideoENCODE_GetVideoParam", "MFXVideoENCODE_GetEncodeStat",
    "MFXVideoENCODE_EncodeFrameAsync", "MFXVideoDECODE_Query", "MFXVideoDECODE_DecodeHeader",
    "MFXVideoDECODE_QueryIOSurf", "MFXVideoDECODE_Init", "MFXVideoDECODE_Reset", "MFXVideoDECODE_Close",
    "MFXVideoDECODE_GetVideoParam", "MFXVideoDECODE_GetDecodeStat", "MFXVideoDECODE_SetSkipMode",
    "MFXVideoDECODE_GetPayload", "MFXVideoDECODE_DecodeFrameAsync", "MFXVideoVPP_Query", "MFXVideoVPP_QueryIOSurf",
    "MFXVideoVPP_Init", "MFXVideoVPP_Reset", "MFXVideoVPP_Close", "MFXVideoVPP_GetVideoParam", "MFXVideoVPP_GetVPPStat",
    "MFXVideoVPP_RunFrameVPPAsync", "MFXVideoVPP_ProcessFrameAsync", "MFXQueryImplsDescription",
    "MFXReleaseImplDescription", "MFXMemory_GetSurfaceForVPP", "MFXMemory_GetSurfaceForVPPOut",
    "MFXMemory_GetSurfaceForEncode", "MFXMemory_GetSurfaceForDecode", "MFXVideoDECODE_VPP_Init",
    "MFXVideoDECODE_VPP_DecodeFrameAsync", "MFXVideoDECODE_VPP_Reset", "MFXVideoDECODE_VPP_GetChannelParam",
    "MFXVideoDECODE_VPP_Close",
};

static mfxU32 formats[] = { MFX_FOURCC_NV12, MFX_FOURCC_RGB4, MFX_FOURCC_P010 };
static const mfxU32 filters[] = {
    MFX_EXTBUFF_VPP_COMPOSITE,     MFX_EXTBUFF_VPP_SCALING, MFX_EXTBUFF_VPP_COLOR_CONVERSION,
    MFX_EXTBUFF_VPP_DEINTERLACING, MFX_EXTBUFF_VPP_PROCAMP, MFX_EXTBUFF_VPP_ROTATION,
};
static mfxAccelerationMode modes[] = { MFX_ACCEL_MODE_VIA_VAAPI, MFX_ACCEL_MODE_VIA_VAAPI_DRM_RENDER_NODE };
static mfxPoolAllocationPolicy policies[] = { MFX_ALLOCATION_OPTIMAL, MFX_ALLOCATION_UNLIMITED, MFX_ALLOCATION_LIMITED };

static mfxImplDescription description;
static mfxExtendedDeviceId device;
static mfxImplementedFunctions implemented = { COUNT(functions), (mfxChar **)functions };
static mfxHDL description_list[] = { &description }, device_list[] = { &device }, function_list[] = { &implemented };

static void describe_encoders(mfxRange32U range)
{
    static struct encoder list[CODECS];
    static struct encprofile profiles[CODECS][3];
    static struct encmemdesc memory[2];
    for (int i = 0; i < 2; i++) {
        memory[i].MemHandleType = i ? MFX_RESOURCE_SYSTEM_SURFACE : MFX_RESOURCE_VA_SURFACE;
        memory[i].Width = memory[i].Height = range;
        memory[i].NumColorFormats = COUNT(formats);
        memory[i].ColorFormats = formats;
    }
    int count = 0;
    for (int i = 0; i < CODECS; i++) {
        if (!codecs[i].encodes)
            continue;
        struct encoder *encoder = &list[count];
        encoder->CodecID = codecs[i].id;
        encoder->MaxcodecLevel = codecs[i].level;
        encoder->BiDirectionalPrediction = 1;
        encoder->NumProfiles = (mfxU16)codecs[i].profile_count;
        encoder->Profiles = profiles[count++];
        for (int k = 0; k < codecs[i].profile_count; k++) {
            encoder->Profiles[k].Profile = codecs[i].profiles[k];
            encoder->Profiles[k].NumMemTypes = 2;
            encoder->Profiles[k].MemDesc = memory;
        }
    }
    description.Enc.Version.Major = 1;
    description.Enc.NumCodecs = (mfxU16)count;
    description.Enc.Codecs = list;
}

static void describe_decoders(mfxRange32U range)
{
    static struct decoder list[CODECS];
    static struct decprofile profiles[CODECS][3];
    static struct decmemdesc memory[2];
    for (int i = 0; i < 2; i++) {
        memory[i].MemHandleType = i ? MFX_RESOURCE_SYSTEM_SURFACE : MFX_RESOURCE_VA_SURFACE;
        memory[i].Width = memory[i].Height = range;
        memory[i].NumColorFormats = COUNT(formats);
        memory[i].ColorFormats = formats;
    }
    for (int i = 0; i < CODECS; i++) {
        list[i].CodecID = codecs[i].id;
        list[i].MaxcodecLevel = codecs[i].level;
        list[i].NumProfiles = (mfxU16)codecs[i].profile_count;
        list[i].Profiles = profiles[i];
        for (int k = 0; k < codecs[i].profile_count; k++) {
            profiles[i][k].Profile = codecs[i].profiles[k];
            profiles[i][k].NumMemTypes = 2;
            profiles[i][k].MemDesc = memory;
        }
    }
    description.Dec.Version.Major = 1;
    description.Dec.NumCodecs = CODECS;
    description.Dec.Codecs = list;
}

static void describe_filters(mfxRange32U range)
{
    static struct filter list[COUNT(filters)];
    static struct memdesc memory[2];
    static struct format conversions[COUNT(formats)];
    for (int i = 0; i < COUNT(formats); i++) {
        conversions[i].InFormat = formats[i];
        conversions[i].NumOutFormat = COUNT(formats);
        conversions[i].OutFormats = formats;
    }
    for (int i = 0; i < 2; i++) {
        memory[i].MemHandleType = i ? MFX_RESOURCE_SYSTEM_SURFACE : MFX_RESOURCE_VA_SURFACE;
        memory[i].Width = memory[i].Height = range;
        memory[i].NumInFormats = COUNT(formats);
        memory[i].Formats = conversions;
    }
    for (int i = 0; i < COUNT(filters); i++) {
        list[i].FilterFourCC = filters[i];
        list[i].MaxDelayInFrames = 1;
        list[i].NumMemTypes = 2;
        list[i].MemDesc = memory;
    }
    description.VPP.Version.Major = 1;
    description.VPP.NumFilters = COUNT(filters);
    description.VPP.Filters = list;
}

__attribute__((constructor)) static void describe(void)
{
    load_private_codecs();
    mfxRange32U range = { 16, 16384, 2 };
    describe_encoders(range);
    describe_decoders(range);
    describe_filters(range);
    description.Version.Major = 1;
    description.Version.Minor = 2;
    description.Impl = MFX_IMPL_TYPE_HARDWARE;
    description.AccelerationMode = MFX_ACCEL_MODE_VIA_VAAPI;
    description.ApiVersion = claimed_version();
    strcpy((char *)description.ImplName, "mfx-gen");
    strcpy((char *)description.License, "test stand-in");
    strcpy((char *)description.Keywords, "MSDK,x64,stand-in");
    description.VendorID = PRETENDED_VENDOR;
    description.Dev.Version.Major = 1;
    description.Dev.Version.Minor = 1;
    description.Dev.MediaAdapterType = MFX_MEDIA_DISCRETE;
    snprintf((char *)description.Dev.DeviceID, sizeof(description.Dev.DeviceID), "%x/0", PRETENDED_DEVICE);
    description.AccelerationModeDescription.Version.Major = 1;
    description.AccelerationModeDescription.NumAccelerationModes = COUNT(modes);
    description.AccelerationModeDescription.Mode = modes;
    description.PoolPolicies.Version.Major = 1;
    description.PoolPolicies.NumPoolPolicies = COUNT(policies);
    description.PoolPolicies.Policy = policies;
    device.Version.Major = 1;
    device.VendorID = PRETENDED_VENDOR;
    device.DeviceID = PRETENDED_DEVICE;
    device.DRMRenderNodeNum = 128;
    strcpy((char *)device.DeviceName, "software stand-in of an Intel GPU");
}

EXPORT mfxHDL *MFXQueryImplsDescription(mfxImplCapsDeliveryFormat format, mfxU32 *count)
{
    *count = 1;
    switch ((int)format) {
    case MFX_IMPLCAPS_IMPLDESCSTRUCTURE: return description_list;
    case MFX_IMPLCAPS_IMPLEMENTEDFUNCTIONS: return function_list;
    case MFX_IMPLCAPS_DEVICE_ID_EXTENDED: return device_list;
    default: *count = 0; return NULL;
    }
}

EXPORT mfxStatus MFXReleaseImplDescription(mfxHDL handle)
{
    return handle ? MFX_ERR_NONE : MFX_ERR_NULL_PTR;
}

const char *codec_name(mfxU32 codec)
{
    for (int i = 0; i < CODECS; i++)
        if (codecs[i].id == codec)
            return codecs[i].name;
    return NULL;
}

const char *format_name(mfxU32 fourcc)
{
    switch (fourcc) {
    case MFX_FOURCC_NV12: return "nv12";
    case MFX_FOURCC_P010: return "p010";
    case MFX_FOURCC_RGB4: return "rgb4";
    case MFX_FOURCC_YV12: return "yv12";
    case MFX_FOURCC_I420: return "i420";
    case MFX_FOURCC_YUY2: return "yuy2";
    case MFX_FOURCC_UYVY: return "uyvy";
    default: return "other";
    }
}

void *extension_of(const mfxVideoParam *parameters, mfxU32 kind)
{
    for (int i = 0; parameters->ExtParam && i < parameters->NumExtParam; i++)
        if (parameters->ExtParam[i] && parameters->ExtParam[i]->BufferId == kind)
            return parameters->ExtParam[i];
    return NULL;
}
