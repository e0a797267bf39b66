package io.canal.ipam;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;

/** A process that takes and releases addresses until it is killed, and notes what it has from when to when. */
final class HostLocalWorker {

    private HostLocalWorker() {}

    /** Arguments: the store's folder, the name of this worker, the file for its notes. */
    public static void main(String[] arguments) throws Exception {
        var ipam = new HostLocal(Path.of(arguments[0]));
        Path notes = Path.of(arguments[2]);
        var sets = List.of(RangeSet.of(List.of(AddressRange.of(Cidr.of("10.1.49.0/25"), Optional.empty(), Optional.empty(), Optional.empty()).orThrow())).orThrow());
        var held = new ArrayDeque<Owner>();
        for (int i = 0; ; i++) {
            if (held.size() >= 2 || i % 7 == 6 && !held.isEmpty()) {
                Owner owner = held.remove();
                // Noted before: from here on somebody else may have it.
                note(notes, "released " + owner.containerId() + " " + System.nanoTime());
                ipam.release("net", owner);
            } else {
                Owner owner = new Owner(arguments[1] + "x" + i, "eth0");
                try {
                    Ip address = ipam.allocate("net", owner, sets, List.of()).getFirst();
                    note(notes, "got " + owner.containerId() + " " + System.nanoTime() + " " + address);
                    held.add(owner);
                } catch (IpamFailed full) {
                    Thread.sleep(5);
                }
            }
        }
    }

    private static void note(Path notes, String line) throws Exception {
        Files.writeString(notes, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
