/* juju-exec on a host without Juju. What runs hooks is a command somewhere else, which may be connected just now or come
 * only later: a call that asks for update-status, as the node agent's does when what it would report has changed, is written
 * down, and canal-unit --serve hands it on, at once or when the next command connects. Anything else is refused with the way
 * to do it. Errors are in Juju's words.
 */
#include "juju_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGENTS "/var/lib/juju/agents"
#define HOOK "hooks/update-status"

/* The tag of a unit, unit-canal-0 for canal/0 and for itself; -1 for what is no name of a unit. */
static int unit_tag(const char *name, char *tag, size_t room)
{
    int written = strncmp(name, "unit-", 5) == 0 ? snprintf(tag, room, "%s", name) : snprintf(tag, room, "unit-%s", name);
    if (written < 0 || (size_t) written >= room || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-/") != strlen(name)) {
        return -1;
    }
    char *slash = strchr(tag, '/');
    if (slash != NULL) {
        *slash = '-';
    }
    return strchr(tag, '/') == NULL ? 0 : -1;
}

int juju_exec_main(int argc, char **argv)
{
    int at = 1;
    while (at < argc && argv[at][0] == '-') {
        at += strcmp(argv[at], "-r") == 0 || strcmp(argv[at], "--relation") == 0 ? 2 : 1;
    }
    if (at >= argc) {
        fprintf(stderr, "ERROR missing unit-name\n");
        return 2;
    }
    char tag[256];
    char folder[512];
    struct stat there;
    if (unit_tag(argv[at], tag, sizeof tag) < 0
            || snprintf(folder, sizeof folder, AGENTS "/%s", tag) < 0 || stat(folder, &there) < 0) {
        fprintf(stderr, "ERROR unit \"%s\" not found on this machine\n", argv[at]);
        return 1;
    }
    int update = 0;
    for (int i = at + 1; i < argc; i++) {
        update |= strstr(argv[i], HOOK) != NULL;
    }
    if (!update) {
        fprintf(stderr, "ERROR no controller runs on this machine; use canal exec --unit %s -- COMMAND where the model is\n", argv[at]);
        return 1;
    }
    char file[512];
    snprintf(file, sizeof file, NUDGES "/%s", tag);
    int fd = mkdir(NUDGES, 0700) < 0 && errno != EEXIST ? -1 : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        fprintf(stderr, "ERROR %s: %s\n", file, strerror(errno));
        return 1;
    }
    close(fd);
    return 0;
}
