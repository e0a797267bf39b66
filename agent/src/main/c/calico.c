/*
 * The CNI plugin /opt/cni/bin/calico.
 *
 * It only ferries: the CNI_* variables and standard input go to canal's agent in one frame, the agent's output and exit code come
 * back. An agent that has just died is asked again when it is back. Where none answers within 8 s, it says so in CNI's words; DEL,
 * which must never be stuck, then runs the bundled runtime instead. A frame is a length (4 bytes, big endian) and so many bytes of
 * JSON.
 */
#define _GNU_SOURCE
#include "io.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef CANAL_VERSION
#define CANAL_VERSION "unknown"
#endif

#define DEADLINE_MS 8000
/* An agent that died is waited for so long; what it may take for an ADD then, Adder's BUDGET, is to end within the deadline. */
#define RESTART_MS 1500
/* Printing the outcome may take this much longer; else a reader that stopped reading would hold us for ever. */
#define PRINTING_MS 2000

extern char **environ;

static const char *const versions[] = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
#define VERSIONS (sizeof versions / sizeof versions[0])

/* The paths are fixed; the variables are for tests. */
static const char *path_or(const char *variable, const char *path) {
    const char *set = getenv(variable);
    return set != NULL && *set != 0 ? set : path;
}

/* Ends the process with what CNI calls an error. */
static void fail(int code, const char *message, const char *details) {
    struct buffer json = {NULL, 0, 0};
    char number[16];
    snprintf(number, sizeof number, "%d", code);
    append_text(&json, "{\n    \"code\": ");
    append_text(&json, number);
    append_text(&json, ",\n    \"msg\": ");
    append_json_string(&json, message, strlen(message));
    if (details != NULL && *details != 0) {
        append_text(&json, ",\n    \"details\": ");
        append_json_string(&json, details, strlen(details));
    }
    append_text(&json, "\n}");
    start_deadline(PRINTING_MS);
    write_all(STDOUT_FILENO, json.bytes, json.length);
    exit(1);
}

static void print_versions(void) {
    struct buffer json = {NULL, 0, 0};
    append_text(&json, "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[");
    for (size_t i = 0; i < VERSIONS; i++) {
        append_text(&json, i == 0 ? "\"" : ",\"");
        append_text(&json, versions[i]);
        append_text(&json, "\"");
    }
    append_text(&json, "]}\n");
    exit(write_all(STDOUT_FILENO, json.bytes, json.length) == DONE ? 0 : 1);
}

static void print_about(void) {
    fputs("Calico CNI plugin of canal " CANAL_VERSION "\nCNI protocol versions supported: ", stderr);
    for (size_t i = 0; i < VERSIONS; i++) {
        fprintf(stderr, "%s%s", i == 0 ? "" : ", ", versions[i]);
    }
    fputs("\n", stderr);
    exit(0);
}

/* DEL without the agent: the bundled runtime takes over this process, with the same variables and standard input. */
static void delete_offline(const struct buffer *input, const char *reason) {
    char java[] = "runtime/bin/java";
    char options[] = "@java.args"; /* its paths are relative to the program's folder */
    char main_class[] = "io.canal.cni.OfflineDel";
    char details[9000];
    const char *program = path_or("CANAL_PROGRAM", "/opt/canal/current");
    start_deadline(PRINTING_MS);
    int fd = memfd_create("cni-stdin", 0);
    if (fd < 0 || write_all(fd, input->bytes, input->length) != DONE || lseek(fd, 0, SEEK_SET) != 0
            || dup2(fd, STDIN_FILENO) < 0) {
        snprintf(details, sizeof details, "%s; and standard input cannot be handed on: %s", reason, strerror(errno));
        fail(11, "canal's agent does not answer", details);
    }
    close(fd);
    signal(SIGPIPE, SIG_DFL);
    char *const arguments[] = {java, options, main_class, NULL};
    if (chdir(program) == 0) {
        execve(java, arguments, environ);
    }
    signal(SIGPIPE, SIG_IGN);
    snprintf(details, sizeof details, "%s; and %s/%s cannot be run: %s", reason, program, java, strerror(errno));
    fail(11, "canal's agent does not answer", details);
}

static void without_agent(const char *command, const struct buffer *input, const char *reason) {
    if (strcmp(command, "DEL") == 0) {
        delete_offline(input, reason);
    }
    if (strcmp(command, "TEST") == 0) {
        fail(100, "data store connection failed", reason);
    }
    fail(strcmp(command, "STATUS") == 0 ? 50 : 11, "canal's agent does not answer", reason);
}

static void append_request(struct buffer *frame, const char *command, const struct buffer *input) {
    append(frame, "\0\0\0\0", 4);
    append_text(frame, "{\"v\":1,\"env\":{\"CNI_COMMAND\":");
    append_json_string(frame, command, strlen(command));
    for (char **variable = environ; *variable != NULL; variable++) {
        const char *equals = strchr(*variable, '=');
        if (strncmp(*variable, "CNI_", 4) == 0 && equals != NULL && strncmp(*variable, "CNI_COMMAND=", 12) != 0) {
            append_text(frame, ",");
            append_json_string(frame, *variable, (size_t) (equals - *variable));
            append_text(frame, ":");
            append_json_string(frame, equals + 1, strlen(equals + 1));
        }
    }
    append_text(frame, "},\"stdin\":");
    append_json_string(frame, input->bytes, input->length);
    append_text(frame, "}");
    size_t length = frame->length - 4;
    for (int i = 0; i < 4; i++) {
        frame->bytes[i] = (char) (length >> (24 - 8 * i) & 0xff);
    }
}

static const char *why(enum outcome outcome, const char *action, const char *path) {
    static char text[5000];
    switch (outcome) {
        case TIMED_OUT:
            snprintf(text, sizeof text, "%s %s took longer than 8 s", action, path);
            break;
        case TOO_LARGE:
            snprintf(text, sizeof text, "%s %s: more than 16 MiB", action, path);
            break;
        default:
            snprintf(text, sizeof text, "%s %s: %s", action, path, errno == 0 ? "it ended early" : strerror(errno));
    }
    return text;
}

/* Sends the request and receives the reply; where that fails *reason says why, and errno is of that. */
static enum outcome exchange(const struct buffer *frame, char **json, size_t *length, const char **reason) {
    const char *path = path_or("CANAL_CNI_SOCKET", "/run/canal/cni.sock");
    unsigned char head[4];
    int fd;
    const char *action = "connecting to";
    enum outcome outcome = connect_unix(path, &fd);
    if (outcome == DONE) {
        action = "writing to";
        outcome = write_all(fd, frame->bytes, frame->length);
    }
    if (outcome == DONE) {
        action = "reading from";
        outcome = read_exactly(fd, (char *) head, sizeof head);
    }
    if (outcome == DONE) {
        *length = (size_t) head[0] << 24 | (size_t) head[1] << 16 | (size_t) head[2] << 8 | head[3];
        outcome = *length > LARGEST ? TOO_LARGE : DONE;
    }
    if (outcome == DONE) {
        *json = malloc(*length + 1);
        if (*json == NULL) {
            _exit(1);
        }
        outcome = read_exactly(fd, *json, *length);
    }
    int error = errno;
    if (outcome != DONE) {
        *reason = why(outcome, action, path);
    }
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return outcome;
}

/* Whether an exchange failed as it does when the agent has just died. It is back in less than a second; a runtime that is told so begins
   a pod anew, and much later. What is not known to have been done may be asked for again: all that is ferried bears that. */
static int may_be_restarting(const char *command, enum outcome outcome, int error, int died) {
    return outcome == FAILED && (error == ECONNREFUSED || error == ECONNRESET || error == EPIPE || error == 0 || (died && error == ENOENT))
            && strcmp(command, "DEL") != 0 && strcmp(command, "STATUS") != 0 && strcmp(command, "TEST") != 0
            && time_left() > DEADLINE_MS - RESTART_MS;
}

static void ferry(const char *command, const struct buffer *input) {
    struct buffer frame = {NULL, 0, 0};
    append_request(&frame, command, input);
    if (frame.length - 4 > LARGEST) {
        fail(5, "standard input and variables are larger than 16 MiB as JSON", NULL);
    }
    char *json = NULL;
    size_t length = 0;
    const char *reason = "";
    enum outcome outcome = exchange(&frame, &json, &length, &reason);
    for (int died = 0; may_be_restarting(command, outcome, errno, died); died = 1) {
        poll(NULL, 0, 20);
        free(json);
        json = NULL;
        outcome = exchange(&frame, &json, &length, &reason);
    }
    if (outcome != DONE) {
        without_agent(command, input, reason);
    }
    struct reply reply = {0, {NULL, 0, 0}, {NULL, 0, 0}};
    if (!parse_reply(json, length, &reply)) {
        without_agent(command, input, "the agent's reply is not one that this plugin understands");
    }
    start_deadline(PRINTING_MS);
    write_all(STDERR_FILENO, reply.err.bytes, reply.err.length);
    outcome = write_all(STDOUT_FILENO, reply.out.bytes, reply.out.length);
    exit(outcome != DONE && reply.code == 0 ? 1 : reply.code);
}

/* exec must not find descriptors 0 to 2 closed, else a socket of ours would become one of them. */
static void open_standard_descriptors(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

int main(int argc, char **argv) {
    static const char *const commands[] = {"ADD", "DEL", "CHECK", "GC", "STATUS"};
    struct buffer input = {NULL, 0, 0};
    const char *command = getenv("CNI_COMMAND");
    open_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    start_deadline(DEADLINE_MS);

    if (argc > 1) {
        if (strcmp(argv[1], "-v") == 0) {
            puts("canal " CANAL_VERSION);
            return 0;
        }
        if (strcmp(argv[1], "-t") != 0) {
            fputs("Usage of Calico:\n  -t\tTest datastore connection\n  -v\tDisplay version\n", stderr);
            return strcmp(argv[1], "-h") == 0 ? 0 : 2;
        }
        command = "TEST";
    } else {
        if (command == NULL || *command == 0) {
            print_about();
        }
        if (strcmp(command, "VERSION") == 0) {
            print_versions();
        }
        size_t known = 0;
        while (known < sizeof commands / sizeof commands[0] && strcmp(command, commands[known]) != 0) {
            known++;
        }
        if (known == sizeof commands / sizeof commands[0]) {
            char message[300];
            snprintf(message, sizeof message, "unknown CNI_COMMAND: %s", command);
            fail(4, message, NULL);
        }
    }

    enum outcome outcome = read_to_end(STDIN_FILENO, &input);
    if (outcome == TIMED_OUT) {
        without_agent(command, &input, "standard input did not end within 8 s");
    }
    if (outcome != DONE) {
        fail(5, outcome == TOO_LARGE ? "standard input is larger than 16 MiB" : "standard input cannot be read",
             outcome == TOO_LARGE ? NULL : strerror(errno));
    }
    ferry(command, &input);
    return 1;
}
