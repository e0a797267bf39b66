#define _GNU_SOURCE
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of the UTF-8 sequence at s, or 0 where there is none (overlong forms, surrogates and the like included). */
static size_t sequence(const unsigned char *s, size_t left) {
    size_t count = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    if (count == 0 || count > left) {
        return 0;
    }
    for (size_t i = 1; i < count; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90)
            || (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0;
    }
    return count;
}

void append_json_string(struct buffer *to, const char *bytes, size_t length) {
    const unsigned char *s = (const unsigned char *) bytes;
    append_text(to, "\"");
    for (size_t i = 0; i < length;) {
        size_t count = sequence(s + i, length - i);
        if (count == 0) {
            append_text(to, "\\ufffd");
            i++;
        } else if (s[i] == '"' || s[i] == '\\') {
            char escaped[2] = {'\\', (char) s[i]};
            append(to, escaped, 2);
            i++;
        } else if (s[i] < 0x20) {
            char escaped[8];
            append(to, escaped, (size_t) snprintf(escaped, sizeof escaped, "\\u%04x", s[i]));
            i++;
        } else {
            append(to, bytes + i, count);
            i += count;
        }
    }
    append_text(to, "\"");
}

struct cursor {
    const char *at;
    const char *end;
};

static void skip_space(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
        c->at++;
    }
}

static int take(struct cursor *c, char wanted) {
    skip_space(c);
    if (c->at < c->end && *c->at == wanted) {
        c->at++;
        return 1;
    }
    return 0;
}

static int take_hex(struct cursor *c, unsigned *value) {
    if (c->end - c->at < 4) {
        return 0;
    }
    *value = 0;
    for (int i = 0; i < 4; i++) {
        char d = *c->at++;
        int digit = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;
        if (digit < 0) {
            return 0;
        }
        *value = *value << 4 | (unsigned) digit;
    }
    return 1;
}

static void append_code_point(struct buffer *to, unsigned point) {
    char s[4];
    if (point < 0x80) {
        s[0] = (char) point;
        append(to, s, 1);
    } else if (point < 0x800) {
        s[0] = (char) (0xc0 | point >> 6);
        s[1] = (char) (0x80 | (point & 0x3f));
        append(to, s, 2);
    } else if (point < 0x10000) {
        s[0] = (char) (0xe0 | point >> 12);
        s[1] = (char) (0x80 | (point >> 6 & 0x3f));
        s[2] = (char) (0x80 | (point & 0x3f));
        append(to, s, 3);
    } else {
        s[0] = (char) (0xf0 | point >> 18);
        s[1] = (char) (0x80 | (point >> 12 & 0x3f));
        s[2] = (char) (0x80 | (point >> 6 & 0x3f));
        s[3] = (char) (0x80 | (point & 0x3f));
        append(to, s, 4);
    }
}

static int take_escape(struct cursor *c, struct buffer *to) {
    if (c->at == c->end) {
        return 0;
    }
    char kind = *c->at++;
    if (kind != 'u') {
        static const char kinds[] = "\"\\/bfnrt";
        static const char values[] = "\"\\/\b\f\n\r\t";
        const char *found = kind == 0 ? NULL : strchr(kinds, kind);
        if (found == NULL) {
            return 0;
        }
        append(to, values + (found - kinds), 1);
        return 1;
    }
    unsigned point;
    if (!take_hex(c, &point)) {
        return 0;
    }
    if (point >= 0xd800 && point < 0xdc00 && c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u') {
        struct cursor second = {c->at + 2, c->end};
        unsigned low;
        if (take_hex(&second, &low) && low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            c->at = second.at;
        }
    }
    append_code_point(to, point >= 0xd800 && point < 0xe000 ? 0xfffd : point);
    return 1;
}

static int take_string(struct cursor *c, struct buffer *to) {
    to->length = 0;
    if (!take(c, '"')) {
        return 0;
    }
    while (c->at < c->end) {
        const char *plain = c->at;
        while (c->at < c->end && *c->at != '"' && *c->at != '\\') {
            c->at++;
        }
        append(to, plain, (size_t) (c->at - plain));
        if (c->at == c->end) {
            return 0;
        }
        if (*c->at++ == '"') {
            return 1;
        }
        if (!take_escape(c, to)) {
            return 0;
        }
    }
    return 0;
}

static int skip_value(struct cursor *c, int depth) {
    struct buffer ignored = {NULL, 0, 0};
    int good = 0;
    skip_space(c);
    if (c->at == c->end || depth > 32) {
        return 0;
    }
    char first = *c->at;
    if (first == '"') {
        good = take_string(c, &ignored);
    } else if (first == '{' || first == '[') {
        char last = first == '{' ? '}' : ']';
        c->at++;
        if (take(c, last)) {
            return 1;
        }
        do {
            good = (first == '[' || (take_string(c, &ignored) && take(c, ':'))) && skip_value(c, depth + 1);
        } while (good && take(c, ','));
        good = good && take(c, last);
    } else {
        const char *begin = c->at;
        while (c->at < c->end && strchr("+-.0123456789Eaeflnrstu", *c->at) != NULL && *c->at != 0) {
            c->at++;
        }
        good = c->at > begin;
    }
    free(ignored.bytes);
    return good;
}

static int take_code(struct cursor *c, int *code) {
    skip_space(c);
    int value = 0;
    const char *begin = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && value < 1000) {
        value = value * 10 + (*c->at++ - '0');
    }
    *code = value;
    return c->at > begin && value <= 255;
}

int parse_reply(const char *json, size_t length, struct reply *reply) {
    struct cursor c = {json, json + length};
    struct buffer name = {NULL, 0, 0};
    int has_code = 0;
    int has_out = 0;
    int good = take(&c, '{');
    while (good) {
        good = take_string(&c, &name) && take(&c, ':');
        if (!good) {
            break;
        }
        append(&name, "", 1);
        if (strcmp(name.bytes, "code") == 0) {
            good = has_code = take_code(&c, &reply->code);
        } else if (strcmp(name.bytes, "stdout") == 0) {
            good = has_out = take_string(&c, &reply->out);
        } else if (strcmp(name.bytes, "stderr") == 0) {
            good = take_string(&c, &reply->err);
        } else {
            good = skip_value(&c, 0);
        }
        if (good && !take(&c, ',')) {
            good = take(&c, '}');
            break;
        }
    }
    free(name.bytes);
    return good && has_code && has_out;
}
