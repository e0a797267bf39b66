/* The little JSON that the frames need. */
#ifndef CANAL_JSON_H
#define CANAL_JSON_H

#include "io.h"

/* Appends a JSON string. Bytes that are not UTF-8 become U+FFFD, as Go's decoder makes them. */
void append_json_string(struct buffer *to, const char *bytes, size_t length);

struct reply {
    int code;
    struct buffer out;
    struct buffer err;
};

/* Reads {"v":…,"code":…,"stdout":"…","stderr":"…"}; other members are passed over. Returns 0 where it is not such an object. */
int parse_reply(const char *json, size_t length, struct reply *reply);

#endif
