package io.canal.dataplane.filter;

import io.canal.model.Ip;
import io.canal.model.LocalEndpoint;
import io.canal.reconcile.Table;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What the packet filter follows; all of it belongs to the apply loop's thread.
 *
 * @param endpoints the pods that may talk, by interface; only its rows are read, so that others may take its changes
 * @param peers the addresses on the underlay of each other node's lease, by any key that is one lease's; this stage takes its changes
 * @param networks asked in every pass
 */
public record FilterInputs(Table<String, LocalEndpoint> endpoints, Table<String, Set<Ip>> peers, Supplier<NodeNetworks> networks) {}
