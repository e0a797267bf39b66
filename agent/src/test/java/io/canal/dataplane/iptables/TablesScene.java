package io.canal.dataplane.iptables;

import io.canal.kernel.testing.TestNamespaces;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.Layer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A node for each test of rules in a real kernel's iptables. */
abstract class TablesScene {

    static final HookPoint HOOK = new HookPoint(Layer.FILTER, Hook.FORWARD);

    private final TestNamespaces namespaces = new TestNamespaces();
    TablesNode node;

    @BeforeEach
    void open() {
        node = new TablesNode(namespaces.add("node"));
    }

    @AfterEach
    void close() {
        namespaces.close();
    }
}
