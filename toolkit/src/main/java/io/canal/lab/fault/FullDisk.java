package io.canal.lab.fault;

import io.canal.lab.Host;
import java.util.List;

/**
 * A small file system over each folder that canal writes to, with what was in the folder, and a file that takes all the rest.
 *
 * <p>The host's own disk is the machine's, which nobody wants full.
 */
record FullDisk(Host host) {

    private static final List<String> FOLDERS = List.of("/var/lib/canal", "/var/lib/cni", "/etc/cni/net.d");
    private static final String BALLAST = "/ballast";
    private static final String ASIDE = "/run/canal-lab-disk";

    String fill() {
        for (String folder : FOLDERS) {
            if (isMounted(folder)) {
                continue;
            }
            run("mkdir", "-p", ASIDE, folder);
            run("mount", "-t", "tmpfs", "-o", "size=2m,mode=0755", "canal-lab-disk", ASIDE);
            run("cp", "-a", folder + "/.", ASIDE + "/");
            // Ends with an error, as it must.
            host.program("dd", "if=/dev/zero", "of=" + ASIDE + BALLAST, "bs=4096").run();
            run("mount", "--bind", ASIDE, folder);
            run("umount", ASIDE);
        }
        return "There is no space left on " + String.join(", ", FOLDERS) + " of " + host + ".";
    }

    /** The folders are again those of the disk, with what they have now. */
    String empty() {
        for (String folder : FOLDERS) {
            if (isMounted(folder)) {
                run("rm", "-f", folder + BALLAST);
                String parent = folder.substring(0, folder.lastIndexOf('/'));
                String below = ASIDE + folder.substring(folder.lastIndexOf('/'));
                run("mkdir", "-p", ASIDE);
                // Without what is mounted further down: that is where the disk's own folder can be seen.
                run("mount", "--bind", parent, ASIDE);
                run("find", below, "-mindepth", "1", "-delete");
                run("cp", "-a", folder + "/.", below + "/");
                run("umount", ASIDE);
                run("umount", "--lazy", folder);
            }
        }
        return "There is space again on " + host + ".";
    }

    private boolean isMounted(String folder) {
        return host.program("mountpoint", "-q", folder).run().succeeded();
    }

    private void run(String... argv) {
        host.program(argv).must();
    }
}
