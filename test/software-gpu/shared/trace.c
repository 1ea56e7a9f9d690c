#define _GNU_SOURCE
#include "trace.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "switches.h"

/* Keys and values are words of this program, so that nothing needs to be escaped; only what is printable is kept. */
__attribute__((format(printf, 2, 3))) static void append(struct TraceLine *line, const char *format, ...)
{
    /* Room for the closing brace and the end of the line. */
    size_t room = sizeof(line->text) - line->used - 2;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(line->text + line->used, room, format, arguments);
    va_end(arguments);
    if (written > 0)
        line->used += (size_t)written < room ? (size_t)written : room - 1;
}

static void name(struct TraceLine *line, const char *key)
{
    append(line, line->first ? "" : ",");
    line->first = 0;
    if (key)
        append(line, "\"%s\":", key);
}

void trace_begin(struct TraceLine *line, const char *event)
{
    line->used = 0;
    line->first = 1;
    append(line, "{");
    trace_text(line, "event", event);
    trace_number(line, "pid", getpid());
}

void trace_text(struct TraceLine *line, const char *key, const char *value)
{
    name(line, key);
    append(line, "\"%s\"", value);
}

void trace_number(struct TraceLine *line, const char *key, long long value)
{
    name(line, key);
    append(line, "%lld", value);
}

void trace_word(struct TraceLine *line, const char *key, const char *word)
{
    name(line, key);
    append(line, "%s", word);
}

void trace_open(struct TraceLine *line, const char *key, char bracket)
{
    name(line, key);
    append(line, "%c", bracket);
    line->first = 1;
}

void trace_item(struct TraceLine *line, const char *text)
{
    trace_text(line, NULL, text);
}

void trace_close(struct TraceLine *line, char bracket)
{
    append(line, "%c", bracket);
    line->first = 0;
}

void trace_end(struct TraceLine *line)
{
    const char *path = switch_text("SOFTWARE_GPU_TRACE");
    if (!path)
        return;
    line->text[line->used++] = '}';
    line->text[line->used++] = '\n';
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0) {
        fprintf(stderr, "software GPU: cannot write the trace %s\n", path);
        _exit(97);
    }
    if (write(file, line->text, line->used) != (ssize_t)line->used)
        _exit(97);
    close(file);
}
