#define _GNU_SOURCE
#include "private_codecs.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "switches.h"

struct PrivateCodecs lavc;

void load_private_codecs(void)
{
    Dl_info self;
    char path[4096];
    if (!dladdr((void *)load_private_codecs, &self))
        _exit(97);
    const char *slash = strrchr(self.dli_fname, '/');
    int folder = slash ? (int)(slash - self.dli_fname + 1) : 0;
    snprintf(path, sizeof(path), "%.*slibavcodec-private.so", folder, self.dli_fname);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!library) {
        fprintf(stderr, "software GPU: %s\n", dlerror());
        _exit(97);
    }
#define LOAD(function) lavc.function = (__typeof__(&function))dlsym(library, #function);
    PRIVATE_CODEC_FUNCTIONS(LOAD)
    /* SVT-AV1 logs on its own. */
    setenv("SVT_LOG", "1", 0);
}

AVCodecContext *quiet_context(const AVCodec *codec)
{
    AVCodecContext *context = lavc.avcodec_alloc_context3(codec);
    if (context && !switch_text("SOFTWARE_GPU_DEBUG"))
        context->log_level_offset = 64;
    return context;
}
