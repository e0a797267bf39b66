package io.canal.kernel.libc;

/** The kernel's error numbers, as on all Linux architectures of the generic ABI (include/uapi/asm-generic/errno.h). */
public final class Errno {

    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int ERANGE = 34;
    public static final int EMSGSIZE = 90;
    public static final int EOPNOTSUPP = 95;
    public static final int EAFNOSUPPORT = 97;
    public static final int EADDRINUSE = 98;
    public static final int EADDRNOTAVAIL = 99;
    public static final int ENETDOWN = 100;
    public static final int ENETUNREACH = 101;
    public static final int ENOBUFS = 105;
    public static final int ETIMEDOUT = 110;
    public static final int ECONNREFUSED = 111;
    public static final int EHOSTUNREACH = 113;

    private Errno() {}

    /** What strerror(3) says, with the name: {@code No such file or directory (ENOENT)}. */
    public static String text(int errno) {
        return switch (errno) {
            case EPERM -> "Operation not permitted (EPERM)";
            case ENOENT -> "No such file or directory (ENOENT)";
            case ESRCH -> "No such process (ESRCH)";
            case EINTR -> "Interrupted system call (EINTR)";
            case EBADF -> "Bad file descriptor (EBADF)";
            case EAGAIN -> "Resource temporarily unavailable (EAGAIN)";
            case ENOMEM -> "Cannot allocate memory (ENOMEM)";
            case EACCES -> "Permission denied (EACCES)";
            case EBUSY -> "Device or resource busy (EBUSY)";
            case EEXIST -> "File exists (EEXIST)";
            case EXDEV -> "Invalid cross-device link (EXDEV)";
            case ENODEV -> "No such device (ENODEV)";
            case EINVAL -> "Invalid argument (EINVAL)";
            case ERANGE -> "Numerical result out of range (ERANGE)";
            case EMSGSIZE -> "Message too long (EMSGSIZE)";
            case EOPNOTSUPP -> "Operation not supported (EOPNOTSUPP)";
            case EAFNOSUPPORT -> "Address family not supported by protocol (EAFNOSUPPORT)";
            case EADDRINUSE -> "Address already in use (EADDRINUSE)";
            case EADDRNOTAVAIL -> "Cannot assign requested address (EADDRNOTAVAIL)";
            case ENETDOWN -> "Network is down (ENETDOWN)";
            case ENETUNREACH -> "Network is unreachable (ENETUNREACH)";
            case ENOBUFS -> "No buffer space available (ENOBUFS)";
            case ETIMEDOUT -> "Connection timed out (ETIMEDOUT)";
            case ECONNREFUSED -> "Connection refused (ECONNREFUSED)";
            case EHOSTUNREACH -> "No route to host (EHOSTUNREACH)";
            default -> "error " + errno;
        };
    }
}
