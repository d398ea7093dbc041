/*
 * A capture device for one process: loaded before the C library, this answers
 * what a program asks of the file FAKE_NODE as a V4L2 driver would, with memory
 * mapped buffers. Every FAKE_INTERVAL microseconds it gives one of the files
 * FAKE_FRAMES/000, 001 ... as a frame, in the pixel format FAKE_FORMAT and the
 * size FAKE_WIDTH x FAKE_HEIGHT, and after the last one it is unplugged. With
 * FAKE_BUSY another program takes its pictures.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BUFFERS = 4, ROOM = 1 << 20 };

static int device = -1;
static char *memory[BUFFERS];
static int queue[BUFFERS], queued;
static int frame;
static long began; /* microseconds */

static int number(const char *name) { return atoi(getenv(name)); }

static long monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static int fails(int error)
{
	errno = error;
	return -1;
}

static int really_open(const char *path, int flags, mode_t mode)
{
	int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
	return next(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list rest;
	va_start(rest, flags);
	mode_t mode = va_arg(rest, mode_t);
	va_end(rest);
	if (strcmp(path, getenv("FAKE_NODE")) != 0)
		return really_open(path, flags, mode);
	return device = really_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	void *(*next)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap64");
	if (fd < 0 || fd != device)
		return next(address, length, protection, flags, fd, offset);
	return memory[offset / ROOM] = next(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void *mmap(void *, size_t, int, int, int, off_t) __attribute__((alias("mmap64")));

static int set_format(struct v4l2_format *f)
{
	const char *format = getenv("FAKE_FORMAT");
	f->fmt.pix.pixelformat = v4l2_fourcc(format[0], format[1], format[2], format[3]);
	f->fmt.pix.width = number("FAKE_WIDTH");
	f->fmt.pix.height = number("FAKE_HEIGHT");
	f->fmt.pix.field = V4L2_FIELD_NONE;
	return 0;
}

static int dequeue(struct v4l2_buffer *b)
{
	char path[4096];
	long due = began + (long)number("FAKE_INTERVAL") * (frame + 1);
	if (queued == 0)
		return fails(EAGAIN);
	while (monotonic() < due)
		usleep(due - monotonic());
	snprintf(path, sizeof path, "%s/%03d", getenv("FAKE_FRAMES"), frame);
	int file = really_open(path, O_RDONLY, 0);
	if (file < 0)
		return fails(ENODEV);
	b->index = queue[0];
	b->bytesused = read(file, memory[queue[0]], ROOM);
	b->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	b->timestamp.tv_sec = due / 1000000;
	b->timestamp.tv_usec = due % 1000000;
	close(file);
	memmove(queue, queue + 1, --queued * sizeof queue[0]);
	frame++;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);
	if (fd < 0 || fd != device) {
		int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
		return next(fd, request, argument);
	}
	switch (request & 0xFFFFFFFF) {
	case VIDIOC_QUERYCAP:
		((struct v4l2_capability *)argument)->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
		return 0;
	case VIDIOC_G_INPUT:
		*(int *)argument = 0;
		return 0;
	case VIDIOC_ENUMINPUT:
	case VIDIOC_S_PARM:
	case VIDIOC_STREAMOFF:
		return 0;
	case VIDIOC_G_FMT:
	case VIDIOC_S_FMT:
		return set_format(argument);
	case VIDIOC_G_PARM:
		((struct v4l2_streamparm *)argument)->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
		((struct v4l2_streamparm *)argument)->parm.capture.timeperframe = (struct v4l2_fract){1, 30};
		return 0;
	case VIDIOC_REQBUFS:
		((struct v4l2_requestbuffers *)argument)->count = BUFFERS;
		return 0;
	case VIDIOC_QUERYBUF:
		((struct v4l2_buffer *)argument)->length = ROOM;
		((struct v4l2_buffer *)argument)->m.offset = ((struct v4l2_buffer *)argument)->index * ROOM;
		return 0;
	case VIDIOC_QBUF:
		queue[queued++] = ((struct v4l2_buffer *)argument)->index;
		return 0;
	case VIDIOC_STREAMON:
		began = monotonic();
		return getenv("FAKE_BUSY") ? fails(EBUSY) : 0;
	case VIDIOC_DQBUF:
		return dequeue(argument);
	}
	return fails(ENOTTY);
}
