#define _GNU_SOURCE
#include "switches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace.h"

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

int failure_wanted(const char *stage, long call, char status[FAILURE_NAME])
{
    for (const char *item = switch_text("SOFTWARE_GPU_FAIL"); item; item = next_item(item)) {
        char name[FAILURE_NAME];
        long first;
        if (sscanf(item, "%23[a-z-]@%ld=%23[a-z-]", name, &first, status) != 3) {
            fprintf(stderr, "software GPU: expected STAGE@CALL=STATUS in SOFTWARE_GPU_FAIL, got %s\n", item);
            _exit(97);
        }
        if (strcmp(name, stage) || call < first)
            continue;
        struct TraceLine line;
        trace_begin(&line, "fault");
        trace_text(&line, "stage", name);
        trace_number(&line, "call", call);
        trace_text(&line, "status", status);
        trace_end(&line);
        return 1;
    }
    return 0;
}

void unknown_status(const char *status)
{
    fprintf(stderr, "software GPU: unknown status %s in SOFTWARE_GPU_FAIL\n", status);
    _exit(97);
}

void frame_delay(void)
{
    const char *microseconds = switch_text("SOFTWARE_GPU_DELAY_US");
    if (microseconds)
        usleep((useconds_t)atoi(microseconds));
}

int codec_threads(void)
{
    const char *wanted = switch_text("SOFTWARE_GPU_THREADS");
    return wanted ? atoi(wanted) : 2;
}
