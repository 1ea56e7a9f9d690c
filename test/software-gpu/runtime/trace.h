/* The trace: one JSON object per line and event, appended to the file that SOFTWARE_GPU_TRACE names. */
#pragma once
#include <stddef.h>
#include <vpl/mfx.h>

struct TraceLine {
    char text[4096];
    size_t used;
    int first; /* no comma before the next member */
};

void trace_begin(struct TraceLine *line, const char *event);
void trace_text(struct TraceLine *line, const char *key, const char *value);
void trace_number(struct TraceLine *line, const char *key, long long value);
/* A coding option of VPL: true, false, or null where the application left it to the runtime. */
void trace_option(struct TraceLine *line, const char *key, mfxU16 option);
void trace_open(struct TraceLine *line, const char *key, char bracket);
void trace_item(struct TraceLine *line, const char *text);
void trace_close(struct TraceLine *line, char bracket);
/* Writes the line in one piece, so that processes can share a file. */
void trace_end(struct TraceLine *line);
