/**
 * The way to a host: one SSH connection with a pinned host key, programs run on it with their own exit status and streams.
 *
 * <p>Knows jsch and sockets, and nothing of charms, models or the lab. Commands are lists of arguments; quoting for the
 * remote shell happens here and nowhere else.
 */
@NullMarked
package io.canal.ssh;

import org.jspecify.annotations.NullMarked;
