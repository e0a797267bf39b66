package io.canal.controller;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** {@code canal-unit}, the native program that the controller puts on every host: its bytes and where they lie there. */
final class UnitProgram {

    static final String TOOLS = "/var/lib/juju/tools";

    private final byte[] bytes;
    private final String folder;

    private UnitProgram(byte[] bytes, String folder) {
        this.bytes = bytes;
        this.folder = folder;
    }

    /** The program that was built with this toolkit. */
    static UnitProgram load() throws IOException {
        try (InputStream in = UnitProgram.class.getResourceAsStream("/native/canal-unit")) {
            if (in == null) {
                throw new IOException("the toolkit was built without its native program canal-unit; build it again, with a C compiler");
            }
            byte[] bytes = in.readAllBytes();
            String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
            return new UnitProgram(bytes, TOOLS + "/canal-" + digest.substring(0, 16));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    byte[] bytes() {
        return bytes.clone();
    }

    /** The folder on a host that holds the program and a link for each hook tool. Its name tells the content. */
    String folder() {
        return folder;
    }
}
