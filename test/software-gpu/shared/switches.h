/* What the environment tells the stand-in to do. README.md lists the variables. */
#pragma once
#include <stddef.h>

/* The value of a variable; NULL when it is unset or empty. */
const char *switch_text(const char *name);

/* Whether SOFTWARE_GPU_REFUSE, a list separated by commas, holds a word. */
int refused(const char *word);

/* Longest name of a stage and of a status, with the zero at its end. */
#define FAILURE_NAME 24

/*
 * Whether SOFTWARE_GPU_FAIL lets this call of a stage fail, calls being counted from 1, and the name of the status with
 * which. What it answers is in the trace.
 */
int failure_wanted(const char *stage, long call, char status[FAILURE_NAME]);

/* Ends the process for a status that nobody knows: a fault that is not injected would make a test pass for nothing. */
_Noreturn void unknown_status(const char *status);

/* Waits as long as SOFTWARE_GPU_DELAY_US says a frame takes. */
void frame_delay(void);

/* Threads of one codec. */
int codec_threads(void);
