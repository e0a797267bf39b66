package io.canal.kernel.ipset;

import io.canal.model.Cidr;

/**
 * A member of a set.
 *
 * @param net the block; of one address in sets with ports
 * @param protocol the IP protocol, -1 in sets without ports
 * @param port -1 in sets without ports
 */
public record IpsetMember(Cidr net, int protocol, int port) {}
