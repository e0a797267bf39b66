package io.canal.lab;

import java.nio.file.Path;

/**
 * Where labs keep their things on the machine.
 *
 * @param labs one folder a lab
 * @param cache base trees, shared by all labs
 */
public record Places(Path labs, Path cache) {

    /** The places that all commands of a machine share, so that each finds what another left behind. */
    public static Places usual() {
        return new Places(Path.of("/var/lib/canal-lab"), Path.of("/var/cache/canal-lab"));
    }

    /** A part of a lab's folder, such as {@code model}, whether the lab is there or not. */
    public Path part(LabName name, String part) {
        return lab(name).resolve(part);
    }

    Path lab(LabName name) {
        return labs.resolve(name.text());
    }
}
