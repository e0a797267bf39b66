/**
 * The node's tunnels: made, adopted, kept as they should be, and removed.
 *
 * <p>Ours are the devices that the network names ({@code flannel.VNI}), if they are VXLAN devices of that network identifier, and
 * those that the state folder says we had. Addresses on them that are hosts of their own are ours too.
 */
@NullMarked
package io.canal.dataplane.link;

import org.jspecify.annotations.NullMarked;
