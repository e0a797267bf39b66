#include "frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *must(void *memory)
{
    if (memory == NULL) {
        static const char text[] = "ERROR out of memory\n";
        (void) !write(2, text, sizeof text - 1);
        _exit(1);
    }
    return memory;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0) {
        return;
    }
    if (buffer->size + size > buffer->room) {
        size_t room = buffer->room == 0 ? 4096 : buffer->room;
        while (room < buffer->size + size) {
            room *= 2;
        }
        buffer->bytes = must(realloc(buffer->bytes, room));
        buffer->room = room;
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void buffer_drop(struct buffer *buffer, size_t size)
{
    buffer->size -= size;
    memmove(buffer->bytes, buffer->bytes + size, buffer->size);
}

static void put32(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t) (number >> 24);
    at[1] = (uint8_t) (number >> 16);
    at[2] = (uint8_t) (number >> 8);
    at[3] = (uint8_t) number;
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

size_t frame_begin(struct buffer *buffer, enum frame_type type, uint32_t id)
{
    size_t place = buffer->size;
    uint8_t head[FRAME_HEAD] = {0};
    head[4] = (uint8_t) type;
    put32(head + 5, id);
    buffer_add(buffer, head, sizeof head);
    return place;
}

void frame_field(struct buffer *buffer, const void *bytes, size_t size)
{
    uint8_t length[4];
    put32(length, (uint32_t) size);
    buffer_add(buffer, length, sizeof length);
    buffer_add(buffer, bytes, size);
}

void frame_text(struct buffer *buffer, const char *text)
{
    frame_field(buffer, text, strlen(text));
}

void frame_number(struct buffer *buffer, long number)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", number);
    frame_text(buffer, text);
}

void frame_end(struct buffer *buffer, size_t place)
{
    put32(buffer->bytes + place, (uint32_t) (buffer->size - place - 4));
}

long frame_first(const struct buffer *buffer, struct frame *frame)
{
    if (buffer->size < 4) {
        return 0;
    }
    uint32_t length = get32(buffer->bytes);
    if (length < FRAME_HEAD - 4 || length > FRAME_MAX) {
        return -1;
    }
    if (buffer->size < 4 + (size_t) length) {
        return 0;
    }
    frame->type = buffer->bytes[4];
    frame->id = get32(buffer->bytes + 5);
    frame->next = buffer->bytes + FRAME_HEAD;
    frame->end = buffer->bytes + 4 + length;
    return 4 + (long) length;
}

int frame_next(struct frame *frame, const uint8_t **bytes, size_t *size)
{
    if (frame->end - frame->next < 4) {
        return 0;
    }
    uint32_t length = get32(frame->next);
    if ((size_t) (frame->end - frame->next - 4) < length) {
        return 0;
    }
    *bytes = frame->next + 4;
    *size = length;
    frame->next += 4 + length;
    return 1;
}

char *frame_next_text(struct frame *frame)
{
    const uint8_t *bytes;
    size_t size;
    if (!frame_next(frame, &bytes, &size)) {
        return NULL;
    }
    char *text = must(malloc(size + 1));
    memcpy(text, bytes, size);
    text[size] = 0;
    return text;
}

int write_all(int fd, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return -1;
        }
        at += written;
        size -= (size_t) written;
    }
    return 0;
}
