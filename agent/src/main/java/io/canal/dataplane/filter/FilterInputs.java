package io.canal.dataplane.filter;

import io.canal.model.Ip;
import io.canal.reconcile.Table;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What the packet filter follows; all of it belongs to the apply loop's thread.
 *
 * @param peers the addresses on the underlay of each other node's lease, by any key that is one lease's; this stage takes its changes
 * @param networks asked in every pass
 * @param policy what holds for the pods that may talk, and for the node itself
 */
public record FilterInputs(Table<String, Set<Ip>> peers, Supplier<NodeNetworks> networks, NodePolicy policy) {}
