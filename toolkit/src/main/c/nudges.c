/* Hands the nudges of juju-exec on to the controller. A nudge that is handed on gets a name of its own, and stays until the
 * controller has heard it: a controller may die before, and a nudge that comes meanwhile is another one.
 */
#include "nudges.h"
#include "juju_exec.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Then come a number, a dot and the unit's tag. */
#define PASSED ".passed-"

int nudges_watch(void)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    mkdir("/var/lib/juju", 0755);
    mkdir(NUDGES, 0700);
    if (fd >= 0 && inotify_add_watch(fd, NUDGES, IN_CREATE | IN_CLOSE_WRITE) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void pass(struct buffer *to_controller, const char *tag, const char *name)
{
    size_t place = frame_begin(to_controller, NUDGED, 0);
    frame_text(to_controller, tag);
    frame_text(to_controller, name);
    frame_end(to_controller, place);
}

void nudges_pass(struct buffer *to_controller)
{
    /* Greater than those of the process before. */
    static long long number;
    if (number == 0) {
        number = (long long) time(NULL) * 1000000;
    }
    DIR *folder = opendir(NUDGES);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char name[NAME_MAX + 64];
        if (entry->d_name[0] != '.') {
            snprintf(name, sizeof name, PASSED "%lld.%s", ++number, entry->d_name);
            if (renameat(dirfd(folder), entry->d_name, dirfd(folder), name) == 0) {
                pass(to_controller, entry->d_name, name);
            }
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

void nudges_pass_again(struct buffer *to_controller)
{
    DIR *folder = opendir(NUDGES);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        const char *tag = strncmp(entry->d_name, PASSED, strlen(PASSED)) == 0 ? strchr(entry->d_name + strlen(PASSED), '.') : NULL;
        if (tag != NULL) {
            pass(to_controller, tag + 1, entry->d_name);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

void nudges_forget(const char *name)
{
    char path[sizeof NUDGES + NAME_MAX + 2];
    int size = snprintf(path, sizeof path, NUDGES "/%s", name);
    if (strncmp(name, PASSED, strlen(PASSED)) == 0 && strchr(name, '/') == NULL && size > 0 && (size_t) size < sizeof path) {
        unlink(path);
    }
}
