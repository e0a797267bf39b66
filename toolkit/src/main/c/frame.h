/* Frames between a hook tool, canal-unit --serve and the controller.
 *
 * A frame is a length (4 bytes, big endian, counts what follows), a type (1 byte), the id of the call it belongs to
 * (4 bytes, big endian, 0 where there is none) and fields. A field is a length (4 bytes, big endian) and that many bytes;
 * a number is a field of decimal digits. The controller's side is io.canal.controller.Frame.
 */
#ifndef CANAL_FRAME_H
#define CANAL_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* Larger frames are refused: a databag or a file that a hook hands over is smaller by far. */
#define FRAME_MAX (64u * 1024 * 1024)
#define FRAME_HEAD 9u

enum frame_type {
    /* controller to serve */
    RUN = 'R',        /* socket, lock, folder, context id, number of arguments, arguments, environment */
    STOP = 'K',       /* signal number: sent to the process group of the hook */
    PING = 'P',       /* says that the controller lives */
    HEARD = 'n',      /* name of a nudge, which is written down in the model: it is forgotten here */
    /* controller to tool, through serve */
    REPLY = 'r',      /* exit code, stdout, stderr */
    READ_FILE = 'f',  /* path */
    READ_STDIN = 's',
    WRITE_FILE = 'w', /* path, bytes */
    /* tool to controller, through serve */
    CALL = 'C',       /* context id, folder, name, arguments */
    TAKEN = 'd',      /* bytes read, or nothing after a write */
    FAILED = 'e',     /* why a file could not be read or written */
    GONE = 'G',       /* the tool went away without waiting for its reply */
    /* serve to controller */
    HELLO = 'H',      /* protocol, boot id, hostname, machine, system, its version, processors, MiB of memory, then
                         four fields an address: device, MAC, address, length */
    WAITING = 'W',    /* another holds the machine lock */
    BEGAN = 'B',      /* pid of the hook */
    MISSING = 'M',    /* there is no such program */
    BROKEN = 'F',     /* why the hook could not be started */
    OUT = 'O',        /* bytes of stdout */
    ERR = 'E',        /* bytes of stderr */
    EXITED = 'X',     /* "exit" or "signal", number */
    NUDGED = 'N',     /* tag of a unit whose status is to be asked anew, name of the nudge */
};

struct buffer {
    uint8_t *bytes;
    size_t size;
    size_t room;
};

/* A frame that is read: fields are taken from it one after another. */
struct frame {
    uint8_t type;
    uint32_t id;
    const uint8_t *next;
    const uint8_t *end;
};

void buffer_add(struct buffer *buffer, const void *bytes, size_t size);
void buffer_drop(struct buffer *buffer, size_t size);

/* Begins a frame at the end of the buffer and returns its place, for frame_end. */
size_t frame_begin(struct buffer *buffer, enum frame_type type, uint32_t id);
void frame_field(struct buffer *buffer, const void *bytes, size_t size);
void frame_text(struct buffer *buffer, const char *text);
void frame_number(struct buffer *buffer, long number);
void frame_end(struct buffer *buffer, size_t place);

/* The first whole frame of the buffer: its size in bytes, 0 when it is not there yet, -1 when it cannot be a frame. */
long frame_first(const struct buffer *buffer, struct frame *frame);

/* The next field; 0 when there is none. */
int frame_next(struct frame *frame, const uint8_t **bytes, size_t *size);
/* The next field as a string of its own, NULL when there is none. */
char *frame_next_text(struct frame *frame);

/* Writes everything or returns -1. */
int write_all(int fd, const void *bytes, size_t size);

/* Ends the process: without memory there is nothing else to do. */
void *must(void *memory);

#endif
