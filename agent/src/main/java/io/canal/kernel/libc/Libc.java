package io.canal.kernel.libc;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * The calls themselves. Each returns what the C function returns, or the negated error number: the kernel's own convention.
 *
 * <p>All functions share one shape for the linker, six integers of 64 bits and one as result. The calling conventions of Linux on
 * all 64-bit machines pass integers and pointers in registers, and a callee ignores those that it does not take; the result's
 * low half is taken where C says int. One shape instead of twenty saves about 50 ms when a JVM starts. Numbers of flags and
 * options are those of the generic ABI, which amd64 and arm64 share.
 */
public final class Libc {

    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0100;
    public static final int O_EXCL = 0200;
    public static final int O_CLOEXEC = 02000000;

    public static final int CLONE_NEWNS = 0x20000;
    public static final int CLONE_NEWNET = 0x4000_0000;

    public static final int MS_BIND = 0x1000;
    public static final int MS_REC = 0x4000;
    public static final int MS_SHARED = 1 << 20;
    public static final int MNT_DETACH = 2;

    public static final int LOCK_SH = 1;
    public static final int LOCK_EX = 2;
    public static final int LOCK_NB = 4;
    public static final int LOCK_UN = 8;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CALL = LINKER.downcallHandle(
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.captureCallState("errno"));
    private static final int ERRNO_OFFSET = errnoOffset();

    static final MemorySegment SOCKET = find("socket");
    static final MemorySegment BIND = find("bind");
    static final MemorySegment GETSOCKNAME = find("getsockname");
    static final MemorySegment SETSOCKOPT = find("setsockopt");
    static final MemorySegment SENDTO = find("sendto");
    static final MemorySegment RECVFROM = find("recvfrom");
    static final MemorySegment IOCTL = find("ioctl");
    static final MemorySegment POLL = find("poll");
    static final MemorySegment EVENTFD = find("eventfd");
    static final MemorySegment WRITE = find("write");
    private static final MemorySegment OPEN = find("open");
    private static final MemorySegment CLOSE = find("close");
    private static final MemorySegment FLOCK = find("flock");
    private static final MemorySegment FSYNC = find("fsync");
    private static final MemorySegment SETNS = find("setns");
    private static final MemorySegment UNSHARE = find("unshare");
    private static final MemorySegment MOUNT = find("mount");
    private static final MemorySegment UMOUNT = find("umount2");

    private Libc() {}

    /** open(2); {@code O_CLOEXEC} is added. */
    public static int open(Path path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path.toString());
            return call(OPEN, capture(arena), name.address(), flags | O_CLOEXEC, mode, 0, 0, 0);
        }
    }

    /** close(2). */
    public static int close(int fd) {
        return plain(CLOSE, fd, 0);
    }

    /** flock(2). With anything but {@code LOCK_NB} it blocks the thread. */
    public static int flock(int fd, int operation) {
        return plain(FLOCK, fd, operation);
    }

    /** fsync(2), also of a folder, which Java cannot open. */
    public static int fsync(int fd) {
        return plain(FSYNC, fd, 0);
    }

    /** setns(2): moves the calling thread, and no other, into the namespace. */
    public static int setns(int fd, int type) {
        return plain(SETNS, fd, type);
    }

    /** unshare(2): gives the calling thread a namespace of its own. */
    public static int unshare(int flags) {
        return plain(UNSHARE, flags, 0);
    }

    /** mount(2) without data. */
    public static int mount(String source, Path target, String type, long flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sourceName = arena.allocateFrom(source);
            MemorySegment targetName = arena.allocateFrom(target.toString());
            MemorySegment typeName = arena.allocateFrom(type);
            return call(MOUNT, capture(arena), sourceName.address(), targetName.address(), typeName.address(), flags, 0, 0);
        }
    }

    /** umount2(2). */
    public static int umount(Path target, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(target.toString());
            return call(UMOUNT, capture(arena), name.address(), flags, 0, 0, 0, 0);
        }
    }

    /** Room for the error number of a call. */
    static MemorySegment capture(Arena arena) {
        return arena.allocate(Linker.Option.captureStateLayout());
    }

    /** Calls a function whose result is an int, or fits into one: the result, or the negated error number. */
    static int call(MemorySegment function, MemorySegment capture, long a, long b, long c, long d, long e, long f) {
        long result;
        try {
            result = (long) CALL.invokeExact(function, capture, a, b, c, d, e, f);
        } catch (RuntimeException | Error defect) {
            throw defect;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        } finally {
            Reference.reachabilityFence(capture);
        }
        return (int) result == -1 ? -capture.asByteBuffer().order(ByteOrder.nativeOrder()).getInt(ERRNO_OFFSET) : (int) result;
    }

    /** Layouts find it by method handles, which they make at each start. */
    private static int errnoOffset() {
        long offset = 0;
        for (MemoryLayout member : Linker.Option.captureStateLayout().memberLayouts()) {
            if (member.name().filter("errno"::equals).isPresent()) {
                return (int) offset;
            }
            offset += member.byteSize();
        }
        throw new AssertionError("calls do not say their error number");
    }

    private static int plain(MemorySegment function, long a, long b) {
        try (Arena arena = Arena.ofConfined()) {
            return call(function, capture(arena), a, b, 0, 0, 0, 0);
        }
    }

    private static MemorySegment find(String name) {
        return LINKER.defaultLookup().findOrThrow(name);
    }
}
