package io.canal.dataplane.nft;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.Layer;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A table of ours in a node of its own, and nft(8) to look at it. */
abstract class TableScene {

    static final HookPoint HOOK = new HookPoint(Layer.FILTER, Hook.FORWARD);

    private final TestNamespaces namespaces = new TestNamespaces();
    NetworkNamespace node;
    NftTable table;

    @BeforeEach
    void open() throws IOException {
        node = namespaces.add("node");
        table = another();
    }

    @AfterEach
    void close() {
        table.close();
        namespaces.close();
    }

    NftTable another() throws IOException {
        return new NftTable(node.<NftablesSocket, KernelException>call(NftablesSocket::open));
    }

    String nft(String... arguments) {
        return TestNamespaces.run(node, arguments) + "\n";
    }
}
