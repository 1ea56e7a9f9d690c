#include "failures.h"

#include <stdatomic.h>
#include <string.h>

#include "../shared/switches.h"

static const char *const stage_names[FAILURE_COUNT] = {
    [FAILURE_SURFACE] = "va-surface",
    [FAILURE_CONFIG] = "va-config",
    [FAILURE_CONTEXT] = "va-context",
    [FAILURE_ENCODE] = "va-encode",
    [FAILURE_SYNC] = "va-sync",
};

/* The names that the runtime's failures have, and VA's nearest status. */
static const struct {
    const char *name;
    VAStatus status;
} statuses[] = {
    { "unsupported", VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT },
    { "invalid-parameters", VA_STATUS_ERROR_INVALID_PARAMETER },
    { "memory", VA_STATUS_ERROR_ALLOCATION_FAILED },
    { "device-lost", VA_STATUS_ERROR_OPERATION_FAILED },
    { "device-failed", VA_STATUS_ERROR_ENCODING_ERROR },
    { "gpu-hang", VA_STATUS_ERROR_HW_BUSY },
    { "aborted", VA_STATUS_ERROR_TIMEDOUT },
};

static VAStatus status_named(const char *name)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (!strcmp(name, statuses[i].name))
            return statuses[i].status;
    unknown_status(name);
}

VAStatus injected_failure(enum Failure stage)
{
    static atomic_long calls[FAILURE_COUNT];
    char status[FAILURE_NAME];
    long call = atomic_fetch_add(&calls[stage], 1) + 1;
    return failure_wanted(stage_names[stage], call, status) ? status_named(status) : VA_STATUS_SUCCESS;
}
