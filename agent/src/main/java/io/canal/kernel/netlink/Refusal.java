package io.canal.kernel.netlink;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;

/**
 * The kernel's refusal of one message of a batch.
 *
 * @param index the message's place in the batch
 * @param errno one of {@link Errno}'s numbers
 * @param detail the kernel's own words (extended acknowledgement); empty where it gave none
 */
public record Refusal(int index, int errno, String detail) {

    /** As an exception; {@code what} names what was asked for. */
    public KernelException exception(String what) {
        return new KernelException(what, errno, detail);
    }

    /** The reason: the kernel's words, if any, and the error. */
    public String reason() {
        return detail.isEmpty() ? Errno.text(errno) : detail + ": " + Errno.text(errno);
    }
}
