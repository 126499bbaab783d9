/* A superpixel method in C: k-means in position and colour, as command[cmd=...] runs it.
 *
 *     cc -O2 -o kmeans docs/examples/kmeans.c -lm
 *     bench run --methods 'k-means:command[cmd=./kmeans {ppm} {n} {labels}],slic' --n 100
 *
 * It reads a binary PPM and writes a binary PGM of 16 bits. What goes wrong is said on standard
 * error, with an exit status other than 0: both are kept in the row.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITERATIONS = 8 };
static const double COMPACTNESS = 20; /* a step of the lattice counts as so much colour */

typedef struct { double x, y, colour[3], weight; } Centre;

static void *need(void *pointer, const char *what) {
    if (!pointer) { fprintf(stderr, "kmeans: cannot get %s\n", what); exit(1); }
    return pointer;
}

static double distance(const Centre *c, int x, int y, const unsigned char *p, double step) {
    double dx = (x - c->x) / step * COMPACTNESS, dy = (y - c->y) / step * COMPACTNESS, d = dx * dx + dy * dy;
    for (int k = 0; k < 3; k++) d += (p[k] - c->colour[k]) * (p[k] - c->colour[k]);
    return d;
}

int main(int argc, char **argv) {
    int width, height, deepest, n;
    if (argc != 4 || (n = atoi(argv[2])) < 1) { fputs("usage: kmeans IMAGE.ppm N LABELS\n", stderr); return 1; }
    FILE *in = need(fopen(argv[1], "rb"), argv[1]);
    if (fscanf(in, "P6 %d %d %d", &width, &height, &deepest) != 3 || fgetc(in) == EOF || deepest != 255) {
        fputs("kmeans: the image is no PPM of 8 bits\n", stderr);
        return 1;
    }
    size_t pixels = (size_t)width * height;
    unsigned char *image = need(malloc(3 * pixels), "memory");
    if (fread(image, 3, pixels, in) != pixels) { fputs("kmeans: the image is cut short\n", stderr); return 1; }

    int columns = (int)fmax(1, round(sqrt((double)n * width / height)));
    int rows = (int)fmax(1, round((double)n / columns)), count = columns * rows;
    double step = sqrt((double)pixels / count);
    if (count > 65535) { fputs("kmeans: more superpixels than a PGM can hold\n", stderr); return 1; }
    Centre *centres = need(calloc(count, sizeof *centres), "memory");
    Centre *sums = need(calloc(count, sizeof *sums), "memory");
    unsigned short *labels = need(malloc(pixels * sizeof *labels), "memory");
    for (size_t i = 0; i < pixels; i++) /* the first assignment: blocks of a lattice */
        labels[i] = (unsigned short)((i / width) * rows / height * columns + (i % width) * columns / width);

    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
        for (int c = 0; c < count; c++) sums[c] = (Centre){0};
        for (size_t i = 0; i < pixels; i++) {
            Centre *s = &sums[labels[i]];
            s->x += i % width, s->y += i / width, s->weight += 1;
            for (int k = 0; k < 3; k++) s->colour[k] += image[3 * i + k];
        }
        for (int c = 0; c < count; c++) {
            if (!sums[c].weight) continue; /* one that lost all its pixels stays where it was */
            centres[c] = (Centre){sums[c].x / sums[c].weight, sums[c].y / sums[c].weight, {0}, 0};
            for (int k = 0; k < 3; k++) centres[c].colour[k] = sums[c].colour[k] / sums[c].weight;
        }
        for (size_t i = 0; i < pixels; i++) { /* the nearest of the centres in the 3 x 3 cells around */
            int x = (int)(i % width), y = (int)(i / width), cx = x * columns / width, cy = y * rows / height;
            double best = INFINITY;
            for (int r = cy - 1; r <= cy + 1; r++)
                for (int q = cx - 1; q <= cx + 1; q++) {
                    if (r < 0 || q < 0 || r >= rows || q >= columns) continue;
                    double d = distance(&centres[r * columns + q], x, y, &image[3 * i], step);
                    if (d < best) best = d, labels[i] = (unsigned short)(r * columns + q);
                }
        }
    }

    FILE *out = need(fopen(argv[3], "wb"), argv[3]);
    fprintf(out, "P5\n%d %d\n65535\n", width, height);
    for (size_t i = 0; i < pixels; i++) { fputc(labels[i] >> 8, out); fputc(labels[i] & 255, out); }
    return fclose(out) ? (perror(argv[3]), 1) : 0;
}
