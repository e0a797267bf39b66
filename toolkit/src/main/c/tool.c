/* A hook tool. It knows no tool: it carries its name and arguments to the controller, which may ask it to read a file,
 * to read its standard input (never read unasked: a hook's loop may be reading it) or to write a file, and then tells it
 * what to print and how to exit. Files are the tool's business because the path is relative to its folder.
 */
#include "tool.h"
#include "frame.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "ERROR %s%s%s\n", what, why == NULL ? "" : ": ", why == NULL ? "" : why);
    return 1;
}

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof address) < 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* The error in the words of Go's standard library, which real hook tools print. */
static void answer_failed(struct buffer *out, const char *verb, const char *path, int why)
{
    char text[PATH_MAX + 128];
    char reason[128];
    snprintf(reason, sizeof reason, "%s", strerror(why));
    reason[0] = (char) tolower((unsigned char) reason[0]);
    snprintf(text, sizeof text, "%s %s: %s", verb, path, reason);
    size_t place = frame_begin(out, FAILED, 0);
    frame_text(out, text);
    frame_end(out, place);
}

static void answer_read(struct buffer *out, int fd, const char *path)
{
    struct buffer bytes = {0};
    uint8_t chunk[65536];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || bytes.size > FRAME_MAX / 2) {
            answer_failed(out, "read", path, got < 0 ? errno : EFBIG);
            free(bytes.bytes);
            return;
        }
        if (got == 0) {
            break;
        }
        buffer_add(&bytes, chunk, (size_t) got);
    }
    size_t place = frame_begin(out, TAKEN, 0);
    frame_field(out, bytes.bytes, bytes.size);
    frame_end(out, place);
    free(bytes.bytes);
}

static void read_file(struct buffer *out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        answer_failed(out, "open", path, errno);
        return;
    }
    answer_read(out, fd, path);
    close(fd);
}

static void write_file(struct buffer *out, const char *path, const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        answer_failed(out, "open", path, errno);
        return;
    }
    if (write_all(fd, bytes, size) < 0) {
        answer_failed(out, "write", path, errno);
        close(fd);
        return;
    }
    if (close(fd) < 0) {
        answer_failed(out, "close", path, errno);
        return;
    }
    frame_end(out, frame_begin(out, TAKEN, 0));
}

static int finish(struct frame *frame)
{
    char *code = frame_next_text(frame);
    const uint8_t *bytes;
    size_t size;
    if (code == NULL) {
        return fail("the controller's reply has no exit code", NULL);
    }
    if (frame_next(frame, &bytes, &size) && write_all(1, bytes, size) < 0) {
        return fail("write /dev/stdout", strerror(errno));
    }
    if (frame_next(frame, &bytes, &size)) {
        (void) write_all(2, bytes, size);
    }
    return atoi(code);
}

static void call(struct buffer *out, const char *context, const char *name, int argc, char **argv)
{
    char folder[PATH_MAX];
    size_t place = frame_begin(out, CALL, 0);
    frame_text(out, context);
    frame_text(out, getcwd(folder, sizeof folder) == NULL ? "" : folder);
    frame_text(out, name);
    for (int i = 1; i < argc; i++) {
        frame_text(out, argv[i]);
    }
    frame_end(out, place);
}

int tool_main(const char *name, int argc, char **argv)
{
    const char *context = getenv("JUJU_CONTEXT_ID");
    const char *path = getenv("JUJU_AGENT_SOCKET_ADDRESS");
    if (context == NULL) {
        return fail("JUJU_CONTEXT_ID not set", NULL);
    }
    if (path == NULL) {
        return fail("JUJU_AGENT_SOCKET_ADDRESS not set", NULL);
    }
    int fd = dial(path);
    if (fd < 0) {
        return fail(path, strerror(errno));
    }
    struct buffer in = {0};
    struct buffer out = {0};
    call(&out, context, name, argc, argv);
    for (;;) {
        if (out.size > 0 && write_all(fd, out.bytes, out.size) < 0) {
            return fail(path, strerror(errno));
        }
        out.size = 0;
        struct frame frame;
        long size;
        while ((size = frame_first(&in, &frame)) == 0) {
            uint8_t chunk[65536];
            ssize_t got = read(fd, chunk, sizeof chunk);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                return fail("the controller went away", NULL);
            }
            buffer_add(&in, chunk, (size_t) got);
        }
        if (size < 0) {
            return fail("the controller sent something that is no frame", NULL);
        }
        switch (frame.type) {
        case READ_STDIN:
            answer_read(&out, 0, "/dev/stdin");
            break;
        case READ_FILE: {
            char *file = must(frame_next_text(&frame));
            read_file(&out, file);
            free(file);
            break;
        }
        case WRITE_FILE: {
            char *file = must(frame_next_text(&frame));
            const uint8_t *bytes = NULL;
            size_t length = 0;
            (void) frame_next(&frame, &bytes, &length);
            write_file(&out, file, bytes, length);
            free(file);
            break;
        }
        case REPLY:
            return finish(&frame);
        default:
            return fail("the controller sent a frame that a tool does not know", NULL);
        }
        buffer_drop(&in, (size_t) size);
    }
}
