package io.canal.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The installed program that we are.
 *
 * @param home the folder with {@code templates/} and {@code lib/}
 */
record Program(Path home) {

    /**
     * The version that the packed program was started with; {@code dev} where we do not run from one. It is no entry of a manifest:
     * the JVM would look that up for every package at each start.
     */
    static String version() {
        return System.getProperty("canal.version", "dev");
    }

    Path templates() {
        return home.resolve("templates");
    }

    /** The name of the folder behind the link {@code current}, which is the digest of its content; empty where there is no such link. */
    String digest() {
        try {
            Path name = home.toRealPath().getFileName();
            return name == null || !Files.isSymbolicLink(home) ? "" : name.toString();
        } catch (IOException absent) {
            return "";
        }
    }
}
