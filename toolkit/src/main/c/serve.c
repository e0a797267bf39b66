/* Runs hooks for the controller at the other end of standard input and output.
 *
 * It owns the unit's socket while a hook runs, holds the host's machine lock, gives the hook a process group, carries the
 * tools' calls, and knows nothing of what they mean. When the controller goes away (end of input, or silence: a cut network
 * says nothing) the hook's process group is killed: whatever it wrote through tools is then dropped, because only the
 * controller commits, and only after an exit 0.
 */
#define _GNU_SOURCE
#include "serve.h"
#include "frame.h"
#include "nudges.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROTOCOL 1
#define TOOLS_MAX 64
#define FIRST_TOOL 7
/* The controller pings every 5 s. */
#define SILENCE_MS 30000
#define LOCK_RETRY_MS 50
/* More than this waiting for the controller, and nothing more is read from hook and tools. */
#define BACKLOG (1024 * 1024)

struct tool {
    int fd; /* -1: free */
    uint32_t id;
    struct buffer in;
};

struct run {
    int wanted;  /* a RUN frame came and the hook has not ended */
    char *socket;
    char *lock;
    char *folder;
    char *context;
    char **argv;
    char **envp;
    int lock_fd;
    int told_waiting;
    int listen_fd;
    int out_fd;
    int err_fd;
    pid_t pid;   /* 0: not started */
};

static struct buffer to_controller;
static struct run run = {.lock_fd = -1, .listen_fd = -1, .out_fd = -1, .err_fd = -1};
static struct tool tools[TOOLS_MAX];
static uint32_t last_id;
static int signals = -1;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void free_list(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        free(list[i]);
    }
    free(list);
}

/* Forgets the run: its socket, its lock, its tools. */
static void run_forget(void)
{
    for (int i = 0; i < TOOLS_MAX; i++) {
        close_fd(&tools[i].fd);
        free(tools[i].in.bytes);
        tools[i].in = (struct buffer) {0};
    }
    if (run.listen_fd >= 0) {
        close_fd(&run.listen_fd);
        unlink(run.socket);
    }
    close_fd(&run.out_fd);
    close_fd(&run.err_fd);
    close_fd(&run.lock_fd);
    free(run.socket);
    free(run.lock);
    free(run.folder);
    free(run.context);
    free_list(run.argv);
    free_list(run.envp);
    run = (struct run) {.lock_fd = -1, .listen_fd = -1, .out_fd = -1, .err_fd = -1};
}

static void run_broken(const char *what, int why)
{
    char text[512];
    snprintf(text, sizeof text, "%s: %s", what, strerror(why));
    size_t place = frame_begin(&to_controller, BROKEN, 0);
    frame_text(&to_controller, text);
    frame_end(&to_controller, place);
    run_forget();
}

static char **take_list(struct frame *frame, long count)
{
    size_t size = 0;
    size_t room = 16;
    char **list = must(malloc(room * sizeof *list));
    char *text;
    while ((count < 0 || (long) size < count) && (text = frame_next_text(frame)) != NULL) {
        if (size + 1 == room) {
            room *= 2;
            list = must(realloc(list, room * sizeof *list));
        }
        list[size++] = text;
    }
    list[size] = NULL;
    return list;
}

static void run_take(struct frame *frame)
{
    run.socket = frame_next_text(frame);
    run.lock = frame_next_text(frame);
    run.folder = frame_next_text(frame);
    run.context = frame_next_text(frame);
    char *count = frame_next_text(frame);
    run.argv = take_list(frame, count == NULL ? 0 : atol(count));
    free(count);
    run.envp = take_list(frame, -1);
    run.wanted = 1;
    if (run.context == NULL || run.argv[0] == NULL) {
        run_broken("the controller's order", EINVAL);
    }
}

static int run_listen(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(run.socket) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, run.socket);
    unlink(run.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177);
    int bound = fd < 0 ? -1 : bind(fd, (struct sockaddr *) &address, sizeof address);
    int why = errno;
    umask(before);
    if (bound < 0 || listen(fd, TOOLS_MAX) < 0) {
        why = bound < 0 ? why : errno;
        if (fd >= 0) {
            close(fd);
        }
        errno = why;
        return -1;
    }
    run.listen_fd = fd;
    return 0;
}

/* In the child. Writes errno to the pipe when the hook cannot be started. */
static void become_hook(int out, int err, int report)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int empty = open("/dev/null", O_RDONLY);
    umask(022);
    if (empty >= 0 && dup2(empty, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 && chdir(run.folder) == 0) {
        if (empty > 2) {
            close(empty);
        }
        signal(SIGPIPE, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execve(run.argv[0], run.argv, run.envp);
    }
    int why = errno;
    (void) !write(report, &why, sizeof why);
    _exit(127);
}

static void run_start(void)
{
    struct stat there;
    if (lstat(run.argv[0], &there) < 0 && errno == ENOENT) {
        frame_end(&to_controller, frame_begin(&to_controller, MISSING, 0));
        run_forget();
        return;
    }
    if (run_listen() < 0) {
        run_broken(run.socket, errno);
        return;
    }
    int out[2];
    int err[2];
    int report[2];
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
        run_broken("pipe", errno);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_hook(out[1], err[1], report[1]);
    }
    close(out[1]);
    close(err[1]);
    close(report[1]);
    run.out_fd = out[0];
    run.err_fd = err[0];
    fcntl(run.out_fd, F_SETFL, O_NONBLOCK);
    fcntl(run.err_fd, F_SETFL, O_NONBLOCK);
    int why = pid < 0 ? errno : 0;
    ssize_t got = pid < 0 ? 0 : read(report[0], &why, sizeof why);
    close(report[0]);
    if (pid < 0 || got > 0) {
        if (pid > 0) {
            waitpid(pid, NULL, 0);
        }
        run_broken(run.argv[0], why);
        return;
    }
    setpgid(pid, pid);
    run.pid = pid;
    size_t place = frame_begin(&to_controller, BEGAN, 0);
    frame_number(&to_controller, pid);
    frame_end(&to_controller, place);
}

/* Takes the machine lock if it can, and starts the hook once it has it. */
static void run_try(void)
{
    if (run.lock_fd < 0) {
        run.lock_fd = open(run.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (run.lock_fd < 0) {
            run_broken(run.lock, errno);
            return;
        }
    }
    if (flock(run.lock_fd, LOCK_EX | LOCK_NB) == 0) {
        run_start();
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
        run_broken(run.lock, errno);
    } else if (!run.told_waiting) {
        run.told_waiting = 1;
        frame_end(&to_controller, frame_begin(&to_controller, WAITING, 0));
    }
}

/* Carries what the hook has written. Returns 0 at its end. */
static int carry_output(int fd, enum frame_type type)
{
    uint8_t chunk[32768];
    ssize_t got = read(fd, chunk, sizeof chunk);
    if (got > 0) {
        size_t place = frame_begin(&to_controller, type, 0);
        frame_field(&to_controller, chunk, (size_t) got);
        frame_end(&to_controller, place);
        return 1;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
}

static void run_reap(void)
{
    int status;
    if (run.pid == 0 || waitpid(run.pid, &status, WNOHANG) != run.pid) {
        return;
    }
    /* What it wrote is in the pipes; a daemon that it left behind may keep them open. */
    for (int i = 0; i < 8 && run.out_fd >= 0 && carry_output(run.out_fd, OUT) > 0; i++) {
    }
    for (int i = 0; i < 8 && run.err_fd >= 0 && carry_output(run.err_fd, ERR) > 0; i++) {
    }
    size_t place = frame_begin(&to_controller, EXITED, 0);
    frame_text(&to_controller, WIFEXITED(status) ? "exit" : "signal");
    frame_number(&to_controller, WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    frame_end(&to_controller, place);
    run_forget();
}

static void tool_accept(void)
{
    int fd = accept4(run.listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (int i = 0; i < TOOLS_MAX; i++) {
        if (tools[i].fd < 0) {
            tools[i].fd = fd;
            tools[i].id = ++last_id;
            tools[i].in.size = 0;
            return;
        }
    }
    close(fd);
}

static void tool_gone(struct tool *tool)
{
    close_fd(&tool->fd);
    frame_end(&to_controller, frame_begin(&to_controller, GONE, tool->id));
}

/* Passes the tool's frames on under its id. */
static void tool_read(struct tool *tool)
{
    uint8_t chunk[65536];
    ssize_t got = recv(tool->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        tool_gone(tool);
        return;
    }
    buffer_add(&tool->in, chunk, (size_t) got);
    struct frame frame;
    long size;
    while ((size = frame_first(&tool->in, &frame)) > 0) {
        if (frame.type != CALL && frame.type != TAKEN && frame.type != FAILED) {
            tool_gone(tool);
            return;
        }
        size_t place = frame_begin(&to_controller, (enum frame_type) frame.type, tool->id);
        buffer_add(&to_controller, frame.next, (size_t) (frame.end - frame.next));
        frame_end(&to_controller, place);
        buffer_drop(&tool->in, (size_t) size);
    }
    if (size < 0) {
        tool_gone(tool);
    }
}

static void tool_answer(const struct frame *frame)
{
    for (int i = 0; i < TOOLS_MAX; i++) {
        if (tools[i].fd >= 0 && tools[i].id == frame->id) {
            struct buffer out = {0};
            size_t place = frame_begin(&out, (enum frame_type) frame->type, 0);
            buffer_add(&out, frame->next, (size_t) (frame->end - frame->next));
            frame_end(&out, place);
            if (write_all(tools[i].fd, out.bytes, out.size) < 0) {
                tool_gone(&tools[i]);
            } else if (frame->type == REPLY) {
                close_fd(&tools[i].fd);
            }
            free(out.bytes);
            return;
        }
    }
}

/* The controller is gone: so is the hook. */
static int leave(int code)
{
    if (run.pid > 0) {
        kill(-run.pid, SIGKILL);
    }
    run_forget();
    return code;
}

static void obey(struct frame *frame)
{
    switch (frame->type) {
    case RUN:
        if (run.wanted) {
            size_t place = frame_begin(&to_controller, BROKEN, 0);
            frame_text(&to_controller, "a hook is running already");
            frame_end(&to_controller, place);
        } else {
            run_take(frame);
        }
        break;
    case STOP: {
        char *number = frame_next_text(frame);
        if (run.pid > 0 && number != NULL) {
            kill(-run.pid, atoi(number));
        }
        free(number);
        break;
    }
    case HEARD: {
        char *name = frame_next_text(frame);
        if (name != NULL) {
            nudges_forget(name);
        }
        free(name);
        break;
    }
    case REPLY:
    case READ_FILE:
    case READ_STDIN:
    case WRITE_FILE:
        tool_answer(frame);
        break;
    default:
        break;
    }
}

static void say_line(const char *path)
{
    char text[128] = "";
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(text, sizeof text, file) == NULL) {
            text[0] = 0;
        }
        fclose(file);
    }
    text[strcspn(text, "\n")] = 0;
    frame_text(&to_controller, text);
}

/* A value of /etc/os-release, without its quotes. */
static void say_os(const char *key)
{
    char line[256];
    char value[256] = "";
    FILE *file = fopen("/etc/os-release", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            const char *from = line + strlen(key);
            from += *from == '"';
            snprintf(value, sizeof value, "%.*s", (int) strcspn(from, "\"\n"), from);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    frame_text(&to_controller, value);
}

static int prefix_length(const struct sockaddr *mask)
{
    const uint8_t *bytes = mask->sa_family == AF_INET
            ? (const uint8_t *) &((const struct sockaddr_in *) mask)->sin_addr
            : (const uint8_t *) &((const struct sockaddr_in6 *) mask)->sin6_addr;
    int count = 0;
    for (int i = 0; i < (mask->sa_family == AF_INET ? 4 : 16); i++) {
        count += __builtin_popcount(bytes[i]);
    }
    return count;
}

static void say_mac(const struct ifaddrs *all, const char *device)
{
    char text[24] = "";
    for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_PACKET && strcmp(at->ifa_name, device) == 0) {
            const unsigned char *mac = ((const struct sockaddr_ll *) at->ifa_addr)->sll_addr;
            snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
        }
    }
    frame_text(&to_controller, text);
}

static void say_addresses(void)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0) {
        return;
    }
    for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr == NULL || at->ifa_netmask == NULL) {
            continue;
        }
        char text[INET6_ADDRSTRLEN];
        const void *address;
        if (at->ifa_addr->sa_family == AF_INET) {
            address = &((const struct sockaddr_in *) at->ifa_addr)->sin_addr;
        } else if (at->ifa_addr->sa_family == AF_INET6) {
            const struct in6_addr *v6 = &((const struct sockaddr_in6 *) at->ifa_addr)->sin6_addr;
            if (IN6_IS_ADDR_LINKLOCAL(v6)) {
                continue;
            }
            address = v6;
        } else {
            continue;
        }
        frame_text(&to_controller, at->ifa_name);
        say_mac(all, at->ifa_name);
        frame_text(&to_controller, inet_ntop(at->ifa_addr->sa_family, address, text, sizeof text));
        frame_number(&to_controller, prefix_length(at->ifa_netmask));
    }
    freeifaddrs(all);
}

static void say_hello(void)
{
    struct utsname host;
    size_t place = frame_begin(&to_controller, HELLO, 0);
    frame_number(&to_controller, PROTOCOL);
    say_line("/proc/sys/kernel/random/boot_id");
    frame_text(&to_controller, uname(&host) == 0 ? host.nodename : "");
    frame_text(&to_controller, host.machine);
    say_os("ID=");
    say_os("VERSION_ID=");
    frame_number(&to_controller, sysconf(_SC_NPROCESSORS_ONLN));
    frame_number(&to_controller, sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024));
    say_addresses();
    frame_end(&to_controller, place);
}

/* 0: go on. */
static int read_controller(struct buffer *in)
{
    uint8_t chunk[65536];
    ssize_t got = read(0, chunk, sizeof chunk);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (got <= 0) {
        return -1;
    }
    buffer_add(in, chunk, (size_t) got);
    struct frame frame;
    long size;
    while ((size = frame_first(in, &frame)) > 0) {
        obey(&frame);
        buffer_drop(in, (size_t) size);
    }
    return size < 0 ? -1 : 0;
}

static int write_controller(void)
{
    ssize_t written = write(1, to_controller.bytes, to_controller.size);
    if (written < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    buffer_drop(&to_controller, (size_t) written);
    return 0;
}

static int take_signals(void)
{
    struct signalfd_siginfo info;
    int end = 0;
    while (read(signals, &info, sizeof info) == (ssize_t) sizeof info) {
        end |= info.ssi_signo != SIGCHLD;
    }
    return end;
}

int serve_main(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
    fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK);
    for (int i = 0; i < TOOLS_MAX; i++) {
        tools[i].fd = -1;
    }
    struct buffer in = {0};
    int64_t heard = now_ms();
    say_hello();
    int nudges = nudges_watch();
    nudges_pass_again(&to_controller);
    nudges_pass(&to_controller);
    for (;;) {
        int full = to_controller.size > BACKLOG;
        struct pollfd polls[FIRST_TOOL + TOOLS_MAX];
        polls[0] = (struct pollfd) {.fd = 0, .events = POLLIN};
        polls[1] = (struct pollfd) {.fd = to_controller.size > 0 ? 1 : -1, .events = POLLOUT};
        polls[2] = (struct pollfd) {.fd = signals, .events = POLLIN};
        polls[3] = (struct pollfd) {.fd = full ? -1 : run.listen_fd, .events = POLLIN};
        polls[4] = (struct pollfd) {.fd = full ? -1 : run.out_fd, .events = POLLIN};
        polls[5] = (struct pollfd) {.fd = full ? -1 : run.err_fd, .events = POLLIN};
        polls[6] = (struct pollfd) {.fd = nudges, .events = POLLIN};
        for (int i = 0; i < TOOLS_MAX; i++) {
            polls[FIRST_TOOL + i] = (struct pollfd) {.fd = full ? -1 : tools[i].fd, .events = POLLIN};
        }
        int locking = run.wanted && run.pid == 0;
        if (poll(polls, FIRST_TOOL + TOOLS_MAX, locking ? LOCK_RETRY_MS : 1000) < 0 && errno != EINTR) {
            return leave(1);
        }
        if (polls[0].revents != 0) {
            heard = now_ms();
            if (read_controller(&in) < 0) {
                return leave(0);
            }
        }
        if (now_ms() - heard > SILENCE_MS || (polls[1].revents != 0 && write_controller() < 0)) {
            return leave(1);
        }
        for (int i = 0; i < TOOLS_MAX; i++) {
            if (polls[FIRST_TOOL + i].revents != 0 && tools[i].fd >= 0 && tools[i].fd == polls[FIRST_TOOL + i].fd) {
                tool_read(&tools[i]);
            }
        }
        if (polls[3].revents != 0 && run.listen_fd >= 0) {
            tool_accept();
        }
        if (polls[4].revents != 0 && run.out_fd >= 0 && carry_output(run.out_fd, OUT) == 0) {
            close_fd(&run.out_fd);
        }
        if (polls[5].revents != 0 && run.err_fd >= 0 && carry_output(run.err_fd, ERR) == 0) {
            close_fd(&run.err_fd);
        }
        if (polls[6].revents != 0) {
            uint8_t events[4096];
            while (read(nudges, events, sizeof events) > 0) {
            }
            nudges_pass(&to_controller);
        }
        if (polls[2].revents != 0 && take_signals()) {
            return leave(1);
        }
        run_reap();
        if (run.wanted && run.pid == 0) {
            run_try();
        }
    }
}
