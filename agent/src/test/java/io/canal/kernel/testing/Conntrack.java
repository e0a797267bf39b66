package io.canal.kernel.testing;

import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.NetlinkSocket;
import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;

/** The connections that a network namespace tracks. */
public final class Conntrack {

    /** NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE. */
    private static final int DELETE = 1 << 8 | 2;

    private Conntrack() {}

    /** Forgets all of them, as {@code conntrack -F} does. */
    public static void flush(NetworkNamespace namespace) throws IOException {
        namespace.<IOException>run(() -> {
            try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
                socket.execute("forget all connections", new NetlinkMessage(DELETE, NetlinkMessage.NLM_F_ACK).u8(0).u8(0).be16(0));
            }
        });
    }
}
