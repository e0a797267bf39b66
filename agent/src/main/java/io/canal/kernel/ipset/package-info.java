/**
 * ipset through netlink (linux/netfilter/ipset/ip_set.h): sets and their members. The program ipset is not used.
 *
 * <p>Mechanism only: no domain word.
 */
@NullMarked
package io.canal.kernel.ipset;

import org.jspecify.annotations.NullMarked;
