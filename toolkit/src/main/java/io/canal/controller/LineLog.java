package io.canal.controller;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Cuts what a program prints into lines. */
final class LineLog {

    private final Consumer<String> sink;
    private final java.io.ByteArrayOutputStream pending = new java.io.ByteArrayOutputStream();

    LineLog(Consumer<String> sink) {
        this.sink = sink;
    }

    void add(byte[] bytes) {
        for (byte b : bytes) {
            if (b == '\n') {
                end();
            } else {
                pending.write(b);
            }
        }
    }

    /** Passes on a last line without an end. */
    void finish() {
        if (pending.size() > 0) {
            end();
        }
    }

    private void end() {
        sink.accept(pending.toString(StandardCharsets.UTF_8));
        pending.reset();
    }
}
