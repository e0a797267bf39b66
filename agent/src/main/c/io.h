/* Growing buffers, and reads and writes that end at one deadline. */
#ifndef CANAL_IO_H
#define CANAL_IO_H

#include <stddef.h>

struct buffer {
    char *bytes;
    size_t length;
    size_t capacity;
};

/* What is larger is refused: 16 MiB, for standard input and for frames alike. */
#define LARGEST (16u << 20)

enum outcome { DONE, TIMED_OUT, TOO_LARGE, FAILED };

/* Appends; ends the process with exit status 1 where there is no memory. */
void append(struct buffer *buffer, const char *bytes, size_t length);
void append_text(struct buffer *buffer, const char *text);

/* All calls below give up when so many milliseconds have passed from here. */
void start_deadline(long milliseconds);

/* The milliseconds that are left until then. */
long time_left(void);

/* Reads to the end of the file, at most LARGEST bytes. */
enum outcome read_to_end(int fd, struct buffer *into);

/* Reads exactly so many bytes; FAILED with errno 0 where the stream ends before. */
enum outcome read_exactly(int fd, char *into, size_t length);

/* Writes all, over partial writes and interruptions. Works on files, pipes and non-blocking sockets. */
enum outcome write_all(int fd, const char *bytes, size_t length);

/* A connected, non-blocking socket in *fd. */
enum outcome connect_unix(const char *path, int *fd);

#endif
