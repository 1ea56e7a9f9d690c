#include "switches.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_SESSION] = "session",
    [STAGE_ENCODE_QUERY] = "encode-query",
    [STAGE_ENCODE_INIT] = "encode-init",
    [STAGE_ENCODE] = "encode",
    [STAGE_DECODE_INIT] = "decode-init",
    [STAGE_DECODE] = "decode",
    [STAGE_VPP_INIT] = "vpp-init",
    [STAGE_VPP] = "vpp",
};

static const struct {
    const char *name;
    mfxStatus status;
} statuses[] = {
    { "unsupported", MFX_ERR_UNSUPPORTED },          { "memory", MFX_ERR_MEMORY_ALLOC },
    { "not-found", MFX_ERR_NOT_FOUND },              { "aborted", MFX_ERR_ABORTED },
    { "device-lost", MFX_ERR_DEVICE_LOST },          { "incompatible", MFX_ERR_INCOMPATIBLE_VIDEO_PARAM },
    { "invalid-parameters", MFX_ERR_INVALID_VIDEO_PARAM }, { "undefined", MFX_ERR_UNDEFINED_BEHAVIOR },
    { "device-failed", MFX_ERR_DEVICE_FAILED },      { "gpu-hang", MFX_ERR_GPU_HANG },
    { "filter-skipped", MFX_WRN_FILTER_SKIPPED },
};

static mfxStatus status_named(const char *name)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (!strcmp(name, statuses[i].name))
            return statuses[i].status;
    unknown_status(name);
}

mfxStatus injected_failure(enum Stage stage)
{
    static atomic_long calls[STAGE_COUNT];
    char status[FAILURE_NAME];
    long call = atomic_fetch_add(&calls[stage], 1) + 1;
    return failure_wanted(stage_names[stage], call, status) ? status_named(status) : MFX_ERR_NONE;
}

mfxVersion claimed_version(void)
{
    int major = 2, minor = 14;
    const char *wanted = switch_text("SOFTWARE_GPU_API");
    if (wanted)
        sscanf(wanted, "%d.%d", &major, &minor);
    mfxVersion version = { 0 };
    version.Major = (mfxU16)major;
    version.Minor = (mfxU16)minor;
    return version;
}
