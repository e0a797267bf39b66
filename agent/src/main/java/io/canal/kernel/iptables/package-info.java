/**
 * iptables and ip6tables through their save and restore programs, in either back end.
 *
 * <p>Mechanism only: no domain word. Programs run with argument arrays, text on stdin and a deadline.
 */
@NullMarked
package io.canal.kernel.iptables;

import org.jspecify.annotations.NullMarked;
