package io.canal.kernel.libc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A socket of a family that Java does not know. Not thread-safe, except that {@link #wake} may be called by any thread.
 *
 * <p>A wait for data can be ended by {@link #wake}: closing a descriptor does not wake a thread that waits for it.
 */
public final class NativeSocket implements AutoCloseable {

    public static final int AF_UNIX = 1;
    public static final int AF_NETLINK = 16;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;
    public static final int SOL_SOCKET = 1;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_TRUNC = 0x20;
    public static final int MSG_NOSIGNAL = 0x4000;

    private static final int SOCK_CLOEXEC = 02000000;
    private static final int EFD_CLOEXEC_NONBLOCK = 02000000 | 04000;
    private static final short POLLIN = 1;
    /** The largest address of any family, sockaddr_storage. */
    private static final int ADDRESS_ROOM = 128;
    /** struct pollfd: an int and two shorts. */
    private static final int POLLFD = 8;
    private static final int EVENTS = 4;
    private static final int REVENTS = 6;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment capture = Libc.capture(arena);
    private final MemorySegment wakeCapture = Libc.capture(arena);
    private final MemorySegment addressRoom = arena.allocate(ADDRESS_ROOM, 8);
    private final MemorySegment lengthRoom = arena.allocate(8, 8);
    private final MemorySegment pollRoom = arena.allocate(2 * POLLFD, 8);
    private final MemorySegment one = arena.allocate(8, 8);
    // Not by the segments' own get and set: these make method handles at their first use, at each start.
    private final ByteBuffer length = inNativeOrder(lengthRoom);
    private final ByteBuffer poll = inNativeOrder(pollRoom);
    private final String name;
    private int fd;
    private int waker = -1;
    private volatile boolean woken;

    private NativeSocket(String name, int family, int type, int protocol) throws KernelException {
        this.name = name;
        inNativeOrder(one).putLong(0, 1);
        fd = checked("socket", Libc.call(Libc.SOCKET, capture, family, type | SOCK_CLOEXEC, protocol, 0, 0, 0));
    }

    /** socket(2); {@code name} is for messages. The socket stays in the calling thread's network namespace for ever. */
    public static NativeSocket open(String name, int family, int type, int protocol) throws KernelException {
        return new NativeSocket(name, family, type, protocol);
    }

    /** setsockopt(2) with an int; returns 0 or the negated error number, for options that may be missing. */
    public int option(int level, int option, int value) {
        // allocate(JAVA_INT, value) would make an array of that many zeros.
        length.putInt(0, value);
        return Libc.call(Libc.SETSOCKOPT, capture, fd(), level, option, lengthRoom.address(), Integer.BYTES, 0);
    }

    /** ioctl(2) with a pointer; returns what the call returns, or the negated error number. */
    public int control(long request, MemorySegment argument) {
        return Libc.call(Libc.IOCTL, capture, fd(), request, argument.address(), 0, 0, 0);
    }

    /** bind(2). */
    public void bind(byte[] address) throws KernelException {
        MemorySegment.copy(address, 0, addressRoom, ValueLayout.JAVA_BYTE, 0, address.length);
        checked("bind", Libc.call(Libc.BIND, capture, fd(), addressRoom.address(), address.length, 0, 0, 0));
    }

    /** getsockname(2). */
    public byte[] address() throws KernelException {
        length.putInt(0, ADDRESS_ROOM);
        checked("getsockname", Libc.call(Libc.GETSOCKNAME, capture, fd(), addressRoom.address(), lengthRoom.address(), 0, 0, 0));
        return peer();
    }

    /** Sends the first {@code length} bytes to the socket's default destination; the bytes sent, or the negated error number. */
    public int send(MemorySegment bytes, int length) {
        int result = Libc.call(Libc.SENDTO, capture, fd(), bytes.address(), length, MSG_NOSIGNAL, 0, 0);
        Reference.reachabilityFence(bytes);
        return result;
    }

    /** As {@link #send}, to {@code address}. */
    public int sendTo(MemorySegment bytes, int length, byte[] address) {
        MemorySegment.copy(address, 0, addressRoom, ValueLayout.JAVA_BYTE, 0, address.length);
        int result = Libc.call(Libc.SENDTO, capture, fd(), bytes.address(), length, MSG_NOSIGNAL, addressRoom.address(), address.length);
        Reference.reachabilityFence(bytes);
        return result;
    }

    /**
     * Takes a datagram that is there; the number of its bytes, which is more than {@code room} holds where it was cut, or the
     * negated error number ({@code EAGAIN} where there is none). {@link #peer} then says whom it is from.
     */
    public int receiveNow(MemorySegment room) {
        length.putInt(0, ADDRESS_ROOM);
        int result = Libc.call(Libc.RECVFROM, capture, fd(), room.address(), room.byteSize(), MSG_DONTWAIT | MSG_TRUNC,
                addressRoom.address(), lengthRoom.address());
        Reference.reachabilityFence(room);
        return result;
    }

    /** The address that the last datagram came from. */
    public byte[] peer() {
        return addressRoom.asSlice(0, Math.min(length.getInt(0), ADDRESS_ROOM)).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Waits until there is something to receive (true), or until the time is over or {@link #wake} was called (false). */
    public boolean await(int millis) throws KernelException {
        if (woken) {
            return false;
        }
        poll.putInt(0, fd());
        poll.putShort(EVENTS, POLLIN);
        poll.putShort(REVENTS, (short) 0);
        poll.putInt(POLLFD, waker);
        poll.putShort(POLLFD + EVENTS, POLLIN);
        // poll(2) ignores a negative descriptor.
        int ready = Libc.call(Libc.POLL, capture, pollRoom.address(), 2, millis, 0, 0, 0);
        if (ready == -Errno.EINTR) {
            return false;
        }
        checked("poll", ready);
        return !woken && poll.getShort(REVENTS) != 0;
    }

    /** Makes {@link #wake} work; called before the socket is handed to the thread that waits. */
    public void makeWakeable() throws KernelException {
        waker = checked("eventfd", Libc.call(Libc.EVENTFD, capture, 0, EFD_CLOEXEC_NONBLOCK, 0, 0, 0, 0));
    }

    public boolean isWoken() {
        return woken;
    }

    /** Ends the present and all later waits. */
    public void wake() {
        woken = true;
        if (waker >= 0) {
            Libc.call(Libc.WRITE, wakeCapture, waker, one.address(), Long.BYTES, 0, 0, 0);
        }
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Libc.close(fd);
            fd = -1;
        }
        if (waker >= 0) {
            Libc.close(waker);
            waker = -1;
        }
    }

    private static ByteBuffer inNativeOrder(MemorySegment segment) {
        return segment.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    private int fd() {
        if (fd < 0) {
            throw new IllegalStateException(name + " is closed");
        }
        return fd;
    }

    private int checked(String call, int result) throws KernelException {
        if (result < 0) {
            throw new KernelException(call + " " + name, -result);
        }
        return result;
    }
}
