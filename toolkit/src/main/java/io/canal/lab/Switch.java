package io.canal.lab;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the hosts of a lab are plugged into: a bridge in a network namespace of its own. Nothing of a lab is in the machine's own
 * namespace, so labs with equal addresses do not meet.
 *
 * @param namespace its name
 */
record Switch(String namespace) {

    static final String ADDRESS = "10.10.0.254";
    static final int PREFIX_LENGTH = 24;
    private static final String MAC = "02:00:00:00:00:fe";
    static final String ADDRESS_V6 = "fd00:10:10::fe";
    static final int PREFIX_LENGTH_V6 = 64;

    static Switch of(LabName lab) {
        return new Switch(lab.prefix() + "sw");
    }

    /** The namespace's file: a socket made in it reaches the hosts, and is to them the world outside. */
    Path path() {
        return Path.of("/run/netns", namespace);
    }

    void turnOn() {
        if (Files.exists(path())) {
            return;
        }
        Program ip = Program.of("ip", "-n", namespace);
        Program.of("ip", "netns", "add", namespace).must();
        ip.with("link", "set", "lo", "up").must();
        // Else it would take the lowest MAC of its ports, and change it under whoever talks to it when a host comes or goes.
        ip.with("link", "add", "br0", "address", MAC, "type", "bridge").must();
        ip.with("link", "set", "br0", "up").must();
        ip.with("address", "add", ADDRESS + "/" + PREFIX_LENGTH, "dev", "br0").must();
        ip.with("-6", "address", "add", ADDRESS_V6 + "/" + PREFIX_LENGTH_V6, "dev", "br0", "nodad").must();
    }
}
