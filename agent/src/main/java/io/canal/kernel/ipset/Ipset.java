package io.canal.kernel.ipset;

import java.util.Set;

/** A set as it is: its type, such as {@code hash:net}, whether it is for IPv6, and its members. */
public record Ipset(String name, String type, boolean v6, Set<IpsetMember> members) {}
