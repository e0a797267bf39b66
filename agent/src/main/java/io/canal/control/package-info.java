/**
 * How one speaks to the agent: frames on a Unix socket, the server side and the client side, and the agent's status.
 *
 * <p>A frame is a 4-byte big-endian length and that many bytes of UTF-8 JSON. The client side is loaded by every hook, so it stays
 * light: nothing of etcd, of the kernel or of the calculators may come in. May use {@code model}.
 */
@NullMarked
package io.canal.control;

import org.jspecify.annotations.NullMarked;
