/* What the environment tells the stand-in to do. README.md lists the variables. */
#pragma once
#include <stddef.h>
#include <vpl/mfx.h>

/* The value of a variable; NULL when it is unset or empty. */
const char *switch_text(const char *name);

/* Whether SOFTWARE_GPU_REFUSE, a list separated by commas, holds a word. */
int refused(const char *word);

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

/* Waits as long as SOFTWARE_GPU_DELAY_US says a frame takes. */
void frame_delay(void);

/* API version that the runtime claims: 2.14, or SOFTWARE_GPU_API. Below 2.9 FFmpeg uses fixed surface pools. */
mfxVersion claimed_version(void);

/* Threads of one codec. */
int codec_threads(void);
