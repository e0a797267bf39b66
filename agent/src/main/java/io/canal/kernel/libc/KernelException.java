package io.canal.kernel.libc;

import java.io.IOException;

/** The kernel refused a call; the message names the call, its object and the kernel's reason. */
public final class KernelException extends IOException {

    private static final long serialVersionUID = 1;

    private final int errno;

    /** @param what the call and its object, such as {@code open /run/netns/x} */
    public KernelException(String what, int errno) {
        this(what, errno, "");
    }

    /** @param detail what the kernel said beside the number; may be empty */
    public KernelException(String what, int errno, String detail) {
        super(what + ": " + (detail.isEmpty() ? "" : detail + ": ") + Errno.text(errno));
        this.errno = errno;
    }

    /** One of {@link Errno}'s numbers. */
    public int errno() {
        return errno;
    }
}
