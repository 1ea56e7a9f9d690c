#define _GNU_SOURCE
#include "switches.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

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
};

const char *switch_text(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* The part after the next comma; NULL at the end of the list. */
static const char *next_item(const char *list)
{
    const char *comma = strchr(list, ',');
    return comma ? comma + 1 : NULL;
}

int refused(const char *word)
{
    size_t length = strlen(word);
    for (const char *item = switch_text("SOFTWARE_GPU_REFUSE"); item; item = next_item(item))
        if (!strncmp(item, word, length) && (item[length] == '\0' || item[length] == ','))
            return 1;
    return 0;
}

/* A misspelt status ends the process: a fault that is not injected would make a test pass for nothing. */
static mfxStatus status_named(const char *name)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (!strcmp(name, statuses[i].name))
            return statuses[i].status;
    fprintf(stderr, "software GPU: unknown status %s in SOFTWARE_GPU_FAIL\n", name);
    _exit(97);
}

mfxStatus injected_failure(enum Stage stage)
{
    static atomic_long calls[STAGE_COUNT];
    long call = atomic_fetch_add(&calls[stage], 1) + 1;
    for (const char *item = switch_text("SOFTWARE_GPU_FAIL"); item; item = next_item(item)) {
        char name[24], status[24];
        long first;
        if (sscanf(item, "%23[a-z-]@%ld=%23[a-z-]", name, &first, status) != 3) {
            fprintf(stderr, "software GPU: expected STAGE@CALL=STATUS in SOFTWARE_GPU_FAIL, got %s\n", item);
            _exit(97);
        }
        if (strcmp(name, stage_names[stage]) || call < first)
            continue;
        mfxStatus result = status_named(status);
        struct TraceLine line;
        trace_begin(&line, "fault");
        trace_text(&line, "stage", name);
        trace_number(&line, "call", call);
        trace_text(&line, "status", status);
        trace_end(&line);
        return result;
    }
    return MFX_ERR_NONE;
}

void frame_delay(void)
{
    const char *microseconds = switch_text("SOFTWARE_GPU_DELAY_US");
    if (microseconds)
        usleep((useconds_t)atoi(microseconds));
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

int codec_threads(void)
{
    const char *wanted = switch_text("SOFTWARE_GPU_THREADS");
    return wanted ? atoi(wanted) : 2;
}
