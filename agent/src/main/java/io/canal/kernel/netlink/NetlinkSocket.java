package io.canal.kernel.netlink;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.NativeSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A netlink socket of any protocol, for requests and their replies, or (see {@link NetlinkMonitor}) for notifications.
 *
 * <p>It belongs to the network namespace that the opening thread was in, wherever it is used. Used by one thread at a time.
 */
public final class NetlinkSocket implements AutoCloseable {

    public static final int NETLINK_ROUTE = 0;
    public static final int NETLINK_NETFILTER = 12;

    /** Options of the level SOL_NETLINK. */
    public static final int NETLINK_ADD_MEMBERSHIP = 1;
    private static final int NETLINK_DROP_MEMBERSHIP = 2;
    public static final int NETLINK_CAP_ACK = 10;
    public static final int NETLINK_EXT_ACK = 11;
    public static final int NETLINK_GET_STRICT_CHK = 12;

    private static final int SOL_NETLINK = 270;
    private static final int SOCKADDR_NL = 12;

    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLM_F_DUMP_INTR = 0x10;
    private static final int NLM_F_CAPPED = 0x100;
    private static final int NLM_F_ACK_TLVS = 0x200;
    private static final int NLMSGERR_ATTR_MSG = 1;

    static final int BUFFER_BYTES = 16 << 20;
    /** The kernel fills at most 32 KiB of a listing at once; an uncut refusal is as long as its request. */
    private static final int LARGEST_DATAGRAM = 64 << 10;
    private static final int USUAL_BATCH = 256 << 10;
    private static final int DUMP_TRIES = 20;
    /** Replies are there when send returns; this long a silence is a defect of the kernel or of ours. */
    private static final int PATIENCE_MILLIS = 10_000;

    /** Some acknowledgements, which repeat the request where the kernel does not cut them. */
    private static final int BRIEF_REPLY = 8 << 10;
    private static final int BRIEF_BATCH = 4 << 10;

    private final NativeSocket socket;
    private final int portId;
    private final MemorySegment incoming;
    private final MemorySegment outgoing;
    private int sequence;

    private NetlinkSocket(NativeSocket socket, boolean brief) throws KernelException {
        this.socket = socket;
        incoming = Arena.ofAuto().allocate(brief ? BRIEF_REPLY : LARGEST_DATAGRAM, 8);
        outgoing = Arena.ofAuto().allocate(brief ? BRIEF_BATCH : USUAL_BATCH, 8);
        socket.bind(sockaddr());
        portId = ByteBuffer.wrap(socket.address()).order(ByteOrder.nativeOrder()).getInt(4);
        // The kernel may be older than these, or we without CAP_NET_ADMIN over the first namespace; all are improvements only.
        if (!brief) {
            socket.option(NativeSocket.SOL_SOCKET, NativeSocket.SO_RCVBUFFORCE, BUFFER_BYTES);
            socket.option(NativeSocket.SOL_SOCKET, NativeSocket.SO_SNDBUFFORCE, BUFFER_BYTES);
        }
        socket.option(SOL_NETLINK, NETLINK_EXT_ACK, 1);
        socket.option(SOL_NETLINK, NETLINK_CAP_ACK, 1);
    }

    /** Opens a socket in the calling thread's network namespace; {@code protocol} such as {@link #NETLINK_ROUTE}. */
    public static NetlinkSocket open(int protocol) throws KernelException {
        return open(protocol, false);
    }

    /** As {@link #open}, for a few requests and their acknowledgements: without the room that listings and large batches need. */
    static NetlinkSocket openBriefly(int protocol) throws KernelException {
        return open(protocol, true);
    }

    private static NetlinkSocket open(int protocol, boolean brief) throws KernelException {
        NativeSocket socket = NativeSocket.open("netlink socket " + protocol, NativeSocket.AF_NETLINK, NativeSocket.SOCK_RAW, protocol);
        try {
            return new NetlinkSocket(socket, brief);
        } catch (KernelException | RuntimeException failure) {
            socket.close();
            throw failure;
        }
    }

    /** The number by which the kernel knows this socket; notifications of changes that it asked for carry it. */
    public int portId() {
        return portId;
    }

    /** Sets an option of the level SOL_NETLINK; false where the kernel does not have it. */
    public boolean option(int option, int value) {
        return socket.option(SOL_NETLINK, option, value) == 0;
    }

    /**
     * Sends all messages in one datagram, in order, and waits until each that asks for an acknowledgement has it.
     *
     * @return the refusals, in the kernel's order; empty where all was done. Messages that do not ask for an acknowledgement are
     *     listed too when refused.
     * @throws KernelException if the outcome is unknown: look at the kernel's state anew
     */
    public List<Refusal> exchange(List<NetlinkMessage> batch) throws KernelException {
        return exchange(batch, new ArrayList<>());
    }

    /**
     * As {@link #exchange(List)}.
     *
     * @param answers gets what the kernel answers to those that ask for something
     */
    List<Refusal> exchange(List<NetlinkMessage> batch, List<Received> answers) throws KernelException {
        List<Refusal> refusals = new ArrayList<>();
        int first = send(batch);
        int outstanding = 0;
        for (NetlinkMessage message : batch) {
            outstanding += message.wantsAck() ? 1 : 0;
        }
        while (outstanding > 0) {
            for (Received reply : receive()) {
                int index = reply.sequence() - first;
                if (index < 0 || index >= batch.size()) {
                    continue;
                }
                if (reply.type() != NLMSG_ERROR) {
                    answers.add(reply);
                    continue;
                }
                int errno = -reply.u32(0);
                if (errno != 0) {
                    refusals.add(new Refusal(index, errno, detail(reply)));
                    if (batch.get(index).isEndingBatchOnError()) {
                        return refusals;
                    }
                }
                outstanding -= batch.get(index).wantsAck() ? 1 : 0;
            }
        }
        return refusals;
    }

    /** Sends one message and waits for its acknowledgement; {@code what} names it in the exception. */
    public void execute(String what, NetlinkMessage message) throws KernelException {
        message.addFlags(NetlinkMessage.NLM_F_ACK);
        List<Refusal> refusals = exchange(List.of(message));
        if (!refusals.isEmpty()) {
            throw refusals.getFirst().exception(what);
        }
    }

    /** Sends one message and gives the messages that come before its acknowledgement. */
    public List<Received> query(String what, NetlinkMessage message) throws KernelException {
        message.addFlags(NetlinkMessage.NLM_F_ACK);
        int sent = send(List.of(message));
        List<Received> replies = new ArrayList<>();
        while (true) {
            for (Received reply : receive()) {
                if (reply.sequence() != sent) {
                    continue;
                }
                if (reply.type() != NLMSG_ERROR) {
                    replies.add(reply);
                } else if (reply.u32(0) != 0) {
                    throw new KernelException(what, -reply.u32(0), detail(reply));
                } else {
                    return replies;
                }
            }
        }
    }

    /**
     * Asks for a listing. One that the kernel says was disturbed by a change is asked for again.
     *
     * @throws KernelException if the kernel refuses, or if the listing was disturbed 20 times
     */
    public List<Received> dump(String what, NetlinkMessage request) throws KernelException {
        request.addFlags(NetlinkMessage.NLM_F_DUMP);
        for (int i = 0; i < DUMP_TRIES; i++) {
            List<Received> parts = new ArrayList<>();
            if (dumpOnce(what, request, parts)) {
                return parts;
            }
        }
        throw new KernelException(what, Errno.EINTR, "the list changed " + DUMP_TRIES + " times while it was read");
    }

    private boolean dumpOnce(String what, NetlinkMessage request, List<Received> parts) throws KernelException {
        int sent = send(List.of(request));
        boolean whole = true;
        while (true) {
            for (Received part : receive()) {
                if (part.sequence() != sent) {
                    continue;
                }
                whole &= (part.flags() & NLM_F_DUMP_INTR) == 0;
                switch (part.type()) {
                    case NLMSG_DONE -> {
                        int errno = part.length() >= 4 ? -part.u32(0) : 0;
                        if (errno == Errno.EINTR) {
                            return false;
                        }
                        if (errno != 0) {
                            throw new KernelException(what, errno, detail(part));
                        }
                        return whole;
                    }
                    case NLMSG_ERROR -> {
                        if (part.u32(0) != 0) {
                            throw new KernelException(what, -part.u32(0), detail(part));
                        }
                    }
                    default -> parts.add(part);
                }
            }
        }
    }

    /** Sends without waiting for anything; returns the first message's sequence number. */
    int send(List<NetlinkMessage> batch) throws KernelException {
        long length = 0;
        for (NetlinkMessage message : batch) {
            length += message.size();
        }
        if (length > BUFFER_BYTES) {
            throw new KernelException("send " + length + " bytes of netlink messages", Errno.EMSGSIZE, "at most " + BUFFER_BYTES + " go at once");
        }
        if (length <= outgoing.byteSize()) {
            return send(batch, length, outgoing);
        }
        // All of a large node at once: seldom, and too much to keep.
        try (Arena once = Arena.ofConfined()) {
            return send(batch, length, once.allocate(length, 8));
        }
    }

    private int send(List<NetlinkMessage> batch, long length, MemorySegment outgoing) throws KernelException {
        int first = sequence + 1;
        long at = 0;
        for (NetlinkMessage message : batch) {
            byte[] bytes = message.toBytes(++sequence);
            MemorySegment.copy(bytes, 0, outgoing, ValueLayout.JAVA_BYTE, at, bytes.length);
            at += bytes.length;
        }
        int result;
        do {
            result = socket.send(outgoing, (int) length);
        } while (result == -Errno.EINTR);
        if (result < 0) {
            throw new KernelException("send " + batch.size() + " netlink messages of " + length + " bytes", -result);
        }
        return first;
    }

    /** Joins a multicast group. */
    void join(int group) throws KernelException {
        int result = socket.option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
        if (result < 0) {
            throw new KernelException("join netlink group " + group, -result);
        }
    }

    /** Leaves a multicast group. */
    void leave(int group) throws KernelException {
        int result = socket.option(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, group);
        if (result < 0) {
            throw new KernelException("leave netlink group " + group, -result);
        }
    }

    /** Limits what the kernel keeps for us, in bytes. */
    void receiveBuffer(int bytes) {
        socket.option(NativeSocket.SOL_SOCKET, NativeSocket.SO_RCVBUFFORCE, bytes);
    }

    NativeSocket nativeSocket() {
        return socket;
    }

    /** The messages of the next datagram that is there; none where there is none. ENOBUFS says that the kernel dropped some. */
    List<Received> receiveNow() throws KernelException {
        while (true) {
            int length = socket.receiveNow(incoming);
            if (length == -Errno.EAGAIN) {
                return List.of();
            }
            if (length == -Errno.EINTR || length >= 0 && senderOf(socket.peer()) != 0) {
                // Only the kernel has port 0; other programs may write to us.
                continue;
            }
            if (length < 0) {
                throw new KernelException("receive from netlink", -length);
            }
            if (length > incoming.byteSize()) {
                throw new KernelException("receive from netlink", Errno.ENOBUFS, "a datagram of " + length + " bytes");
            }
            return messages(incoming.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private List<Received> receive() throws KernelException {
        long start = System.nanoTime();
        while (true) {
            List<Received> messages = receiveNow();
            if (!messages.isEmpty()) {
                return messages;
            }
            if (!socket.await(PATIENCE_MILLIS) && System.nanoTime() - start > PATIENCE_MILLIS * 1_000_000L) {
                throw new KernelException("wait for a netlink reply", Errno.ETIMEDOUT);
            }
        }
    }

    static List<Received> messages(byte[] datagram) {
        ByteBuffer bytes = ByteBuffer.wrap(datagram).order(ByteOrder.nativeOrder());
        List<Received> messages = new ArrayList<>();
        int at = 0;
        while (at + NetlinkMessage.HEADER <= datagram.length) {
            int length = bytes.getInt(at);
            if (length < NetlinkMessage.HEADER || length > datagram.length - at) {
                break;
            }
            messages.add(new Received(bytes, at, at + length));
            at += NetlinkMessage.aligned(length);
        }
        return messages;
    }

    private static int senderOf(byte[] sockaddr) {
        return sockaddr.length < SOCKADDR_NL ? -1 : ByteBuffer.wrap(sockaddr).order(ByteOrder.nativeOrder()).getInt(4);
    }

    /** The words of an extended acknowledgement. */
    private static String detail(Received reply) {
        if ((reply.flags() & NLM_F_ACK_TLVS) == 0) {
            return "";
        }
        int header = Integer.BYTES;
        if (reply.type() == NLMSG_ERROR) {
            // The request's header follows the number, and all of the request unless the reply is capped.
            header += (reply.flags() & NLM_F_CAPPED) != 0 ? NetlinkMessage.HEADER : NetlinkMessage.aligned(reply.u32(4));
        }
        return reply.attributes(header).string(NLMSGERR_ATTR_MSG, "");
    }

    private static byte[] sockaddr() {
        return ByteBuffer.allocate(SOCKADDR_NL).order(ByteOrder.nativeOrder()).putShort((short) NativeSocket.AF_NETLINK).array();
    }

    @Override
    public void close() {
        socket.close();
    }
}
