package io.canal.kernel.testing;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.netlink.Attributes;
import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.NetlinkSocket;
import io.canal.kernel.netlink.Received;
import io.canal.kernel.netlink.Refusal;
import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The connections that a network namespace tracks. */
public final class Conntrack {

    /** NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET and IPCTNL_MSG_CT_DELETE. */
    private static final int GET = 1 << 8 | 1;
    private static final int DELETE = 1 << 8 | 2;
    private static final int HEADER = 4;
    private static final int TUPLE_ORIG = 1;
    private static final int TUPLE_PROTO = 2;
    private static final int SOURCE_PORT = 2;
    private static final int DESTINATION_PORT = 3;

    private Conntrack() {}

    /** Forgets all of them, as {@code conntrack -F} does. */
    public static void flush(NetworkNamespace namespace) throws IOException {
        namespace.<IOException>run(() -> {
            try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
                socket.execute("forget all connections", message(DELETE, 0));
            }
        });
    }

    /**
     * Forgets all but those of one port. Whoever sends first in a connection that was forgotten counts as the one who began it, and a
     * policy that does not let him begin any stops it then, until the other side has something to send.
     */
    public static void flushBut(int port, NetworkNamespace namespace) throws IOException {
        namespace.<IOException>run(() -> {
            try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
                List<NetlinkMessage> deletions = new ArrayList<>();
                for (Received entry : socket.dump("list connections", message(GET, 0))) {
                    Attributes tuple = entry.attributes(HEADER).nested(TUPLE_ORIG);
                    Attributes ports = tuple.nested(TUPLE_PROTO);
                    if (!has(ports, SOURCE_PORT, port) && !has(ports, DESTINATION_PORT, port)) {
                        byte[] bytes = entry.attributes(HEADER).bytes(TUPLE_ORIG);
                        NetlinkMessage deletion = message(DELETE, entry.u8(0)).nested(TUPLE_ORIG, whole -> whole.bytes(bytes));
                        deletion.addFlags(NetlinkMessage.NLM_F_ACK);
                        deletions.add(deletion);
                    }
                }
                for (Refusal refusal : deletions.isEmpty() ? List.<Refusal>of() : socket.exchange(deletions)) {
                    if (refusal.errno() != Errno.ENOENT) {
                        throw refusal.exception("forget a connection");
                    }
                }
            }
        });
    }

    private static boolean has(Attributes ports, int which, int port) {
        return ports.has(which) && ports.be16(which) == port;
    }

    private static NetlinkMessage message(int type, int family) {
        return new NetlinkMessage(type, 0).u8(family).u8(0).be16(0);
    }
}
