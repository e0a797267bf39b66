/**
 * Pods without containers: network namespaces on the lab's hosts, attached through the hosts' own CNI configuration exactly as a
 * container runtime attaches them; and the Profiles that Kubernetes' controllers would keep for their namespaces.
 *
 * <p>Uses hosts of the lab and Calico's wire objects. Asks nothing of the agent.
 */
@NullMarked
package io.canal.lab.pod;

import org.jspecify.annotations.NullMarked;
