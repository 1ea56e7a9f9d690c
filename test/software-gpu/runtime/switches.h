/* What the environment tells the runtime to do, beyond what it tells every part of the stand-in. */
#pragma once
#include <vpl/mfx.h>

#include "../shared/switches.h"

/* Where SOFTWARE_GPU_FAIL can make the runtime fail. */
enum Stage {
    STAGE_SESSION,
    STAGE_ENCODE_QUERY,
    STAGE_ENCODE_INIT,
    STAGE_ENCODE,
    STAGE_DECODE_INIT,
    STAGE_DECODE,
    STAGE_VPP_INIT,
    STAGE_VPP,
    STAGE_COUNT
};

/* Counts a call of a stage in this process; answers the status that this call is to fail with, else MFX_ERR_NONE. */
mfxStatus injected_failure(enum Stage stage);

/* API version that the runtime claims: 2.14, or SOFTWARE_GPU_API. Below 2.9 FFmpeg uses fixed surface pools. */
mfxVersion claimed_version(void);
