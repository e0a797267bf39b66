package io.canal.cni;

import io.canal.ipam.HostLocal;
import io.canal.reconcile.Clock;

/** What the operations work with. */
record Kit(Node node, HostLocal ipam, Journal journal, Attachments attachments, Leaks leaks, Spool spool, HostLinks links, Rows rows, Locks locks,
        String boot, Clock clock, Step.Listener steps) {}
