/* Operations on the pixels of planar 8-bit pictures that libswscale has not. */
#include <string.h>

#include "processor.h"

/* Length of a side in a plane; the chroma planes have half of it. */
static int in_plane(int length, int plane)
{
    return plane == 1 || plane == 2 ? (length + 1) / 2 : length;
}

static int clamp(int value, int limit)
{
    return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

static void turn_plane(AVFrame *to, const AVFrame *from, int plane, int angle, int mirroring)
{
    int width = in_plane(to->width, plane), height = in_plane(to->height, plane);
    int from_width = in_plane(from->width, plane), from_height = in_plane(from->height, plane);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            int across = mirroring & MFX_MIRRORING_HORIZONTAL ? width - 1 - x : x;
            int down = mirroring & MFX_MIRRORING_VERTICAL ? height - 1 - y : y;
            int column = across, row = down;
            if (angle == MFX_ANGLE_90) {
                column = down;
                row = from_height - 1 - across;
            } else if (angle == MFX_ANGLE_180) {
                column = from_width - 1 - across;
                row = from_height - 1 - down;
            } else if (angle == MFX_ANGLE_270) {
                column = from_width - 1 - down;
                row = across;
            }
            to->data[plane][y * to->linesize[plane] + x] =
                from->data[plane][clamp(row, from_height) * from->linesize[plane] + clamp(column, from_width)];
        }
    }
}

void turn_picture(AVFrame *to, const AVFrame *from, int angle, int mirroring)
{
    for (int plane = 0; plane < 3; plane++)
        turn_plane(to, from, plane, angle, mirroring);
}

static void lay_plane(AVFrame *canvas, const AVFrame *layer, int plane, const mfxVPPCompInputStream *placement)
{
    int shift = plane ? 1 : 0;
    int left = (int)placement->DstX >> shift, top = (int)placement->DstY >> shift;
    int global = placement->GlobalAlphaEnable ? placement->GlobalAlpha : 255;
    for (int y = 0; y < layer->height >> shift; y++) {
        int row = y + top;
        if (row < 0 || row >= canvas->height >> shift)
            continue;
        for (int x = 0; x < layer->width >> shift; x++) {
            int column = x + left;
            if (column < 0 || column >= canvas->width >> shift)
                continue;
            int pixel = layer->data[3][(y << shift) * layer->linesize[3] + (x << shift)];
            int alpha = placement->PixelAlphaEnable ? pixel * global / 255 : global;
            uint8_t *below = &canvas->data[plane][row * canvas->linesize[plane] + column];
            uint8_t above = layer->data[plane][y * layer->linesize[plane] + x];
            *below = (uint8_t)((*below * (255 - alpha) + above * alpha + 127) / 255);
        }
    }
}

void lay_over(AVFrame *canvas, const AVFrame *layer, const mfxVPPCompInputStream *placement)
{
    for (int plane = 0; plane < 3; plane++)
        lay_plane(canvas, layer, plane, placement);
}

void blacken(AVFrame *canvas)
{
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < in_plane(canvas->height, plane); y++)
            memset(canvas->data[plane] + y * canvas->linesize[plane], plane ? 128 : 16,
                   (size_t)in_plane(canvas->width, plane));
}
