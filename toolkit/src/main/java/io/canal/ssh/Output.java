package io.canal.ssh;

import java.nio.charset.StandardCharsets;

/**
 * What a program on a host left behind.
 *
 * @param code its exit status, 128 + n when signal n ended it (as far as the server says which), 255 when the connection did
 */
public record Output(int code, byte[] out, byte[] err) {

    /** Standard output as UTF-8 text. */
    public String stdout() {
        return new String(out, StandardCharsets.UTF_8);
    }

    /** Standard error as UTF-8 text. */
    public String stderr() {
        return new String(err, StandardCharsets.UTF_8);
    }
}
