/*
 * A library for LD_PRELOAD that makes one path look like the render node of an Intel GPU to libdrm, libva and FFmpeg,
 * on machines that have no such node. Nothing is created under /dev.
 *
 *   SOFTWARE_GPU_NODE           the path (default /dev/dri/renderD128)
 *   SOFTWARE_GPU_KERNEL_DRIVER  name of the kernel driver (default i915)
 *   SOFTWARE_GPU_VENDOR         PCI vendor in hexadecimal (default 8086)
 *   SOFTWARE_GPU_OPEN_ERRNO     number of the error with which opening the node fails, for example 13 for EACCES
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <xf86drm.h>

/* PCI device: the same as the runtime's. */
#define PRETENDED_DEVICE 0x56a0
#define DESCRIPTORS 4096

static unsigned char pretended[DESCRIPTORS];

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && *value ? value : fallback;
}

static const char *node_path(void)
{
    return setting("SOFTWARE_GPU_NODE", "/dev/dri/renderD128");
}

static int is_node(const char *path)
{
    return path && !strcmp(path, node_path());
}

static int is_pretended(int descriptor)
{
    return descriptor >= 0 && descriptor < DESCRIPTORS && pretended[descriptor];
}

static int open_node(void)
{
    const char *error = setting("SOFTWARE_GPU_OPEN_ERRNO", NULL);
    if (error) {
        errno = atoi(error);
        return -1;
    }
    int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
    int descriptor = real_open("/dev/null", O_RDWR | O_CLOEXEC);
    if (descriptor >= 0 && descriptor < DESCRIPTORS)
        pretended[descriptor] = 1;
    return descriptor;
}

/* The next definition of a function, looked up once. */
#define REAL(name, ...)                                   \
    static __typeof__(__VA_ARGS__) *real_##name;          \
    if (!real_##name)                                     \
        real_##name = dlsym(RTLD_NEXT, #name)

#define OPEN(name)                                        \
    int name(const char *path, int flags, ...)            \
    {                                                     \
        mode_t mode = 0;                                  \
        if (flags & (O_CREAT | O_TMPFILE)) {              \
            va_list arguments;                            \
            va_start(arguments, flags);                   \
            mode = va_arg(arguments, mode_t);             \
            va_end(arguments);                            \
        }                                                 \
        REAL(name, int(const char *, int, ...));          \
        return is_node(path) ? open_node() : real_##name(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

/* What open() becomes in programs that are compiled with _FORTIFY_SOURCE. */
#define FORTIFIED_OPEN(name)                              \
    int name(const char *path, int flags)                 \
    {                                                     \
        REAL(name, int(const char *, int));               \
        return is_node(path) ? open_node() : real_##name(path, flags); \
    }
FORTIFIED_OPEN(__open_2)
FORTIFIED_OPEN(__open64_2)

int close(int descriptor)
{
    REAL(close, int(int));
    if (is_pretended(descriptor))
        pretended[descriptor] = 0;
    return real_close(descriptor);
}

int access(const char *path, int mode)
{
    REAL(access, int(const char *, int));
    return is_node(path) ? 0 : real_access(path, mode);
}

int drmGetNodeTypeFromFd(int descriptor)
{
    REAL(drmGetNodeTypeFromFd, int(int));
    if (is_pretended(descriptor))
        return DRM_NODE_RENDER;
    return real_drmGetNodeTypeFromFd ? real_drmGetNodeTypeFromFd(descriptor) : -1;
}

/* The genuine drmFreeVersion() frees what this allocates. */
drmVersionPtr drmGetVersion(int descriptor)
{
    REAL(drmGetVersion, drmVersionPtr(int));
    if (!is_pretended(descriptor))
        return real_drmGetVersion ? real_drmGetVersion(descriptor) : NULL;
    drmVersionPtr version = calloc(1, sizeof(*version));
    if (!version)
        return NULL;
    version->version_major = 1;
    version->version_minor = 6;
    version->name = strdup(setting("SOFTWARE_GPU_KERNEL_DRIVER", "i915"));
    version->name_len = (int)strlen(version->name);
    version->date = strdup("20230929");
    version->date_len = (int)strlen(version->date);
    version->desc = strdup("software stand-in of Intel Graphics");
    version->desc_len = (int)strlen(version->desc);
    return version;
}

/* One allocation, because the genuine drmFreeDevice() frees the device and nothing else. */
struct PretendedDevice {
    drmDevice device;
    drmPciBusInfo bus;
    drmPciDeviceInfo pci;
    char *nodes[DRM_NODE_MAX];
    char path[4096];
    char none[1];
};

static int describe_device(drmDevicePtr *result)
{
    struct PretendedDevice *made = calloc(1, sizeof(*made));
    if (!made)
        return -ENOMEM;
    made->bus.dev = 2;
    made->pci.vendor_id = (uint16_t)strtoul(setting("SOFTWARE_GPU_VENDOR", "8086"), NULL, 16);
    made->pci.device_id = PRETENDED_DEVICE;
    for (int i = 0; i < DRM_NODE_MAX; i++)
        made->nodes[i] = made->none;
    snprintf(made->path, sizeof(made->path), "%s", node_path());
    made->nodes[DRM_NODE_RENDER] = made->path;
    made->device.nodes = made->nodes;
    made->device.available_nodes = 1 << DRM_NODE_RENDER;
    made->device.bustype = DRM_BUS_PCI;
    made->device.businfo.pci = &made->bus;
    made->device.deviceinfo.pci = &made->pci;
    *result = &made->device;
    return 0;
}

int drmGetDevice(int descriptor, drmDevicePtr *device)
{
    REAL(drmGetDevice, int(int, drmDevicePtr *));
    if (is_pretended(descriptor))
        return describe_device(device);
    return real_drmGetDevice ? real_drmGetDevice(descriptor, device) : -ENODEV;
}

int drmGetDevice2(int descriptor, uint32_t flags, drmDevicePtr *device)
{
    REAL(drmGetDevice2, int(int, uint32_t, drmDevicePtr *));
    if (is_pretended(descriptor))
        return describe_device(device);
    return real_drmGetDevice2 ? real_drmGetDevice2(descriptor, flags, device) : -ENODEV;
}
