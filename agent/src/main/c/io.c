#define _GNU_SOURCE
#include "io.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long deadline;

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000L + time.tv_nsec / 1000000L;
}

void start_deadline(long milliseconds) {
    deadline = now() + milliseconds;
}

long time_left(void) {
    return deadline - now();
}

void append(struct buffer *buffer, const char *bytes, size_t length) {
    if (length > buffer->capacity - buffer->length) {
        size_t wanted = (buffer->length + length) * 2 + 256;
        char *larger = realloc(buffer->bytes, wanted);
        if (larger == NULL) {
            _exit(1);
        }
        buffer->bytes = larger;
        buffer->capacity = wanted;
    }
    if (length > 0) {
        memcpy(buffer->bytes + buffer->length, bytes, length);
        buffer->length += length;
    }
}

void append_text(struct buffer *buffer, const char *text) {
    append(buffer, text, strlen(text));
}

static enum outcome wait_for(int fd, short events) {
    for (;;) {
        long left = deadline - now();
        if (left <= 0) {
            return TIMED_OUT;
        }
        struct pollfd poll_fd = {.fd = fd, .events = events, .revents = 0};
        int ready = poll(&poll_fd, 1, (int) left);
        if (ready > 0) {
            return DONE;
        }
        if (ready < 0 && errno != EINTR) {
            return FAILED;
        }
    }
}

enum outcome read_to_end(int fd, struct buffer *into) {
    char chunk[16384];
    for (;;) {
        enum outcome ready = wait_for(fd, POLLIN);
        if (ready != DONE) {
            return ready;
        }
        ssize_t count = read(fd, chunk, sizeof chunk);
        if (count == 0) {
            return DONE;
        }
        if (count > 0) {
            if (into->length + (size_t) count > LARGEST) {
                return TOO_LARGE;
            }
            append(into, chunk, (size_t) count);
        } else if (errno != EINTR && errno != EAGAIN) {
            return FAILED;
        }
    }
}

enum outcome read_exactly(int fd, char *into, size_t length) {
    size_t done = 0;
    while (done < length) {
        enum outcome ready = wait_for(fd, POLLIN);
        if (ready != DONE) {
            return ready;
        }
        ssize_t count = read(fd, into + done, length - done);
        if (count > 0) {
            done += (size_t) count;
        } else if (count == 0) {
            errno = 0;
            return FAILED;
        } else if (errno != EINTR && errno != EAGAIN) {
            return FAILED;
        }
    }
    return DONE;
}

enum outcome write_all(int fd, const char *bytes, size_t length) {
    size_t done = 0;
    while (done < length) {
        enum outcome ready = wait_for(fd, POLLOUT);
        if (ready != DONE) {
            return ready;
        }
        /* A blocking pipe that is ready takes PIPE_BUF bytes without blocking, so no more is offered at once. */
        size_t offer = length - done < 4096 ? length - done : 4096;
        ssize_t count = write(fd, bytes + done, offer);
        if (count >= 0) {
            done += (size_t) count;
        } else if (errno != EINTR && errno != EAGAIN) {
            return FAILED;
        }
    }
    return DONE;
}

enum outcome connect_unix(const char *path, int *fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *fd = -1;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return FAILED;
    }
    strcpy(address.sun_path, path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0) {
        return FAILED;
    }
    /* EAGAIN: the listener's queue is full; a Unix socket then gives nothing to wait for. */
    while (connect(*fd, (struct sockaddr *) &address, sizeof address) != 0) {
        if (errno != EAGAIN && errno != EINTR) {
            return FAILED;
        }
        if (now() >= deadline) {
            return TIMED_OUT;
        }
        poll(NULL, 0, 5);
    }
    return DONE;
}
