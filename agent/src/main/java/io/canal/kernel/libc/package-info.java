/**
 * The C library's calls that Java lacks, through {@link java.lang.foreign}: sockets of the kernel's own families, namespaces,
 * mounts, flock(2), fsync(2) of folders, and the datagram that tells systemd.
 *
 * <p>Mechanism only: no domain word. A blocked native call holds the carrier of a virtual thread, so what may block here is
 * called from platform threads; {@link io.canal.kernel.libc.Flock} never blocks.
 */
@NullMarked
package io.canal.kernel.libc;

import org.jspecify.annotations.NullMarked;
