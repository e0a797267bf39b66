package io.canal.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A host's file system: an overlay over the base tree.
 *
 * @param folder the folder of this host
 * @param keys the lab's SSH keys
 */
record HostTree(Path folder, LabKeys keys) {

    /** The host's root folder, while it is mounted. */
    Path root() {
        return folder.resolve("root");
    }

    /** What the host's systemd-nspawn wrote. */
    Path log() {
        return folder.resolve("log");
    }

    void mount(Path base) {
        if (mounted()) {
            return;
        }
        Path upper = Folders.make(folder.resolve("upper"));
        Path work = Folders.make(folder.resolve("work"));
        String layers = "lowerdir=" + base + ",upperdir=" + upper + ",workdir=" + work;
        Program.of("mount", "-t", "overlay", "overlay", "-o", layers, Folders.make(root()).toString()).must();
    }

    /** Gives the tree what no other host has: its identity, and the keys of this lab. */
    void personalise(String hostname) {
        try {
            Path etc = root().resolve("etc");
            if (Files.notExists(folder.resolve("machine-id"))) {
                Files.writeString(folder.resolve("machine-id"), UUID.randomUUID().toString().replace("-", "") + "\n");
            }
            // A machine keeps its id as long as its disk.
            Files.writeString(etc.resolve("machine-id"), Files.readString(folder.resolve("machine-id")));
            Files.writeString(etc.resolve("hostname"), hostname + "\n");
            keys.installOn(root());
        } catch (IOException refused) {
            throw new LabException("The files of host " + hostname + " cannot be written: " + refused.getMessage(), refused);
        }
    }

    void unmount() {
        while (mounted()) {
            if (!Program.of("umount", root().toString()).run().succeeded()) {
                Program.of("umount", "--lazy", root().toString()).must();
            }
        }
    }

    private boolean mounted() {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mounts"))) {
            return mounts.anyMatch(line -> line.split(" ", 3)[1].equals(root().toString()));
        } catch (IOException noProc) {
            throw new LabException("/proc/self/mounts cannot be read: " + noProc.getMessage(), noProc);
        }
    }
}
