/* The trace: one JSON object per line and event, appended to the file that SOFTWARE_GPU_TRACE names. */
#pragma once
#include <stddef.h>

struct TraceLine {
    char text[4096];
    size_t used;
    int first; /* no comma before the next member */
};

void trace_begin(struct TraceLine *line, const char *event);
void trace_text(struct TraceLine *line, const char *key, const char *value);
void trace_number(struct TraceLine *line, const char *key, long long value);
/* A word of JSON: true, false, null. */
void trace_word(struct TraceLine *line, const char *key, const char *word);
void trace_open(struct TraceLine *line, const char *key, char bracket);
void trace_item(struct TraceLine *line, const char *text);
void trace_close(struct TraceLine *line, char bracket);
/* Writes the line in one piece, so that processes can share a file. */
void trace_end(struct TraceLine *line);
