package io.canal.charm;

import io.canal.kernel.libc.Fd;
import java.io.IOException;
import java.nio.file.Path;

/** What a JVM runs to show what it makes for calls of native functions. */
final class NativeCalls {

    private NativeCalls() {}

    public static void main(String[] arguments) throws IOException {
        try (Fd folder = Fd.open(Path.of("/"))) {
            System.out.println("opened " + folder.number());
        }
    }
}
