package io.canal.network;

import io.canal.model.Ip.Family;
import io.canal.model.Mac;

/** The far end of a tunnel, as its forwarding table knows it: the tunnel's family, and the MAC of the other node's device. */
public record FarEnd(Family tunnel, Mac mac) {}
