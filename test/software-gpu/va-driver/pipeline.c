#define _GNU_SOURCE
#include "pipeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../shared/switches.h"
#include "../shared/trace.h"
#include "abilities.h"
#include "encoder.h"
#include "failures.h"
#include "memory.h"

/* Few are open at a time: FFmpeg has one of each per encoder and filter. */
#define PLACES 256

struct Config {
    VAProfile profile;
    VAEntrypoint entry;
    uint32_t rate_control;
};

struct Context {
    struct Config config;
    VASurfaceID surface;
    struct Encoder encoder;
};

static struct Config *configs[PLACES];
static struct Context *contexts[PLACES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct Config *config_of(VAConfigID id)
{
    unsigned place = id - CONFIG_IDS;
    return place < PLACES ? configs[place] : NULL;
}

static struct Context *context_of(VAContextID id)
{
    unsigned place = id - CONTEXT_IDS;
    pthread_mutex_lock(&lock);
    struct Context *context = place < PLACES ? contexts[place] : NULL;
    pthread_mutex_unlock(&lock);
    return context;
}

/* Puts an object into a free place of a table; PLACES when there is none. */
static unsigned take_place(void **table, void *object)
{
    unsigned place = 0;
    while (place < PLACES && table[place])
        place++;
    if (place < PLACES)
        table[place] = object;
    return place;
}

static void trace_refusal(const char *what, VAProfile profile, VAStatus status)
{
    const char *codec = codec_of(profile);
    struct TraceLine line;
    trace_begin(&line, "va.refused");
    trace_text(&line, "what", what);
    trace_text(&line, "codec", codec ? codec : "none");
    trace_number(&line, "status", status);
    trace_end(&line);
}

static VAStatus check_config(const struct Config *config)
{
    if (!is_offered(config->profile, config->entry))
        return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
    if (!is_encoding(config->entry))
        return VA_STATUS_SUCCESS;
    uint32_t offered = attribute_of(config->profile, config->entry, VAConfigAttribRateControl);
    if (!(config->rate_control & offered))
        return VA_STATUS_ERROR_ATTR_NOT_SUPPORTED;
    return injected_failure(FAILURE_CONFIG);
}

VAStatus create_config(VAProfile profile, VAEntrypoint entry, const VAConfigAttrib *attributes, int count,
                       VAConfigID *id)
{
    struct Config config = { profile, entry, VA_RC_CQP };
    for (int i = 0; i < count; i++)
        if (attributes[i].type == VAConfigAttribRateControl)
            config.rate_control = attributes[i].value & ~(uint32_t)VA_RC_MB;
    VAStatus status = check_config(&config);
    if (status != VA_STATUS_SUCCESS) {
        trace_refusal("config", profile, status);
        return status;
    }
    struct Config *made = malloc(sizeof(*made));
    if (!made)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *made = config;
    pthread_mutex_lock(&lock);
    unsigned place = take_place((void **)configs, made);
    pthread_mutex_unlock(&lock);
    *id = CONFIG_IDS + place;
    if (place < PLACES)
        return VA_STATUS_SUCCESS;
    free(made);
    return VA_STATUS_ERROR_ALLOCATION_FAILED;
}

VAStatus destroy_config(VAConfigID id)
{
    pthread_mutex_lock(&lock);
    struct Config *config = config_of(id);
    if (config)
        configs[id - CONFIG_IDS] = NULL;
    pthread_mutex_unlock(&lock);
    free(config);
    return config ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONFIG;
}

VAStatus describe_config(VAConfigID id, VAProfile *profile, VAEntrypoint *entry)
{
    pthread_mutex_lock(&lock);
    const struct Config *config = config_of(id);
    if (config) {
        *profile = config->profile;
        *entry = config->entry;
    }
    pthread_mutex_unlock(&lock);
    return config ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONFIG;
}

static VAStatus check_context(const struct Config *config, int width, int height)
{
    if (!is_encoding(config->entry))
        return VA_STATUS_SUCCESS;
    int longest = longest_side(config->profile);
    if (width > longest || height > longest)
        return VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED;
    return injected_failure(FAILURE_CONTEXT);
}

VAStatus create_context(VAConfigID config_id, int width, int height, VAContextID *id)
{
    struct Context *context = calloc(1, sizeof(*context));
    if (!context)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    VAStatus status = VA_STATUS_ERROR_INVALID_CONFIG;
    pthread_mutex_lock(&lock);
    const struct Config *config = config_of(config_id);
    if (config) {
        context->config = *config;
        status = check_context(config, width, height);
    }
    unsigned place = status == VA_STATUS_SUCCESS ? take_place((void **)contexts, context) : PLACES;
    pthread_mutex_unlock(&lock);
    if (status == VA_STATUS_SUCCESS && place < PLACES) {
        start_encode_request(&context->encoder.request, context->config.profile, context->config.entry,
                             context->config.rate_control);
        *id = CONTEXT_IDS + place;
        return VA_STATUS_SUCCESS;
    }
    if (status != VA_STATUS_SUCCESS && status != VA_STATUS_ERROR_INVALID_CONFIG)
        trace_refusal("context", context->config.profile, status);
    free(context);
    return status == VA_STATUS_SUCCESS ? VA_STATUS_ERROR_ALLOCATION_FAILED : status;
}

VAStatus destroy_context(VAContextID id)
{
    struct Context *context = context_of(id);
    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    pthread_mutex_lock(&lock);
    contexts[id - CONTEXT_IDS] = NULL;
    pthread_mutex_unlock(&lock);
    close_encoder(&context->encoder);
    free(context);
    return VA_STATUS_SUCCESS;
}

VAStatus begin_picture(VAContextID id, VASurfaceID surface)
{
    struct Context *context = context_of(id);
    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    if (!is_encoding(context->config.entry))
        return VA_STATUS_ERROR_UNIMPLEMENTED;
    context->surface = surface;
    start_picture_request(&context->encoder.request);
    return VA_STATUS_SUCCESS;
}

VAStatus render_picture(VAContextID id, const VABufferID *buffers, int count)
{
    struct Context *context = context_of(id);
    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    for (int i = 0; i < count; i++) {
        struct BufferView buffer;
        if (!view_buffer(buffers[i], &buffer))
            return VA_STATUS_ERROR_INVALID_BUFFER;
        VAStatus status = read_encode_buffer(&context->encoder.request, &buffer);
        if (status != VA_STATUS_SUCCESS)
            return status;
    }
    return VA_STATUS_SUCCESS;
}

VAStatus end_picture(VAContextID id)
{
    struct Context *context = context_of(id);
    struct SurfaceView picture;
    if (!context)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    VAStatus failure = injected_failure(FAILURE_ENCODE);
    if (failure != VA_STATUS_SUCCESS)
        return failure;
    if (!view_surface(context->surface, &picture))
        return VA_STATUS_ERROR_INVALID_SURFACE;
    return encode_picture(&context->encoder, &picture);
}

VAStatus sync_coded_buffer(VABufferID id)
{
    struct BufferView buffer;
    /* FFmpeg asks for an id that is none to find out whether this is implemented. */
    if (!view_buffer(id, &buffer))
        return VA_STATUS_ERROR_INVALID_BUFFER;
    return injected_failure(FAILURE_SYNC);
}
