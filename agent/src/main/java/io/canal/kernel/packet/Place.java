package io.canal.kernel.packet;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.Ip;

/** Where packets come from or go to: an address that a network namespace has. */
public record Place(NetworkNamespace namespace, Ip address) {}
