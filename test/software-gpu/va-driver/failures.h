/* Where SOFTWARE_GPU_FAIL can make the VA driver fail. */
#pragma once
#include <va/va.h>

enum Failure { FAILURE_SURFACE, FAILURE_CONFIG, FAILURE_CONTEXT, FAILURE_ENCODE, FAILURE_SYNC, FAILURE_COUNT };

/* Counts a call of a stage in this process; answers the status it is to fail with, else VA_STATUS_SUCCESS. */
VAStatus injected_failure(enum Failure stage);
