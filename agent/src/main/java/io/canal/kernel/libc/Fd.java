package io.canal.kernel.libc;

import java.nio.file.Path;

/** An open file descriptor that we own. Closing twice does nothing. */
public final class Fd implements AutoCloseable {

    private int number;

    private Fd(int number) {
        this.number = number;
    }

    /** Opens for reading; {@code path} may be a folder or a namespace. */
    public static Fd open(Path path) throws KernelException {
        return open(path, Libc.O_RDONLY, 0);
    }

    /** open(2), with {@link Libc}'s flags; the descriptor is not inherited by other programs. */
    public static Fd open(Path path, int flags, int mode) throws KernelException {
        int number = Libc.open(path, flags, mode);
        if (number < 0) {
            throw new KernelException("open " + path, -number);
        }
        return new Fd(number);
    }

    /** The number, for calls. Valid until {@link #close}. */
    public int number() {
        if (number < 0) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return number;
    }

    @Override
    public void close() {
        if (number >= 0) {
            Libc.close(number);
            number = -1;
        }
    }
}
