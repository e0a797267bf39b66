package io.canal.cni;

import io.canal.model.DiskReason;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.Dns;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** The file that {@code ipam.resolvConf} names. It is read before an address is taken. */
final class ResolvConf {

    private static final long LARGEST = 1 << 20;

    private ResolvConf() {}

    /** What it says; nothing where none is named. */
    static Dns read(String named) throws CniRefused {
        if (named.isEmpty()) {
            return Dns.NONE;
        }
        try {
            Path file = Path.of(named);
            // Anything else could keep us waiting.
            if (!Files.isRegularFile(file) || Files.size(file) > LARGEST) {
                throw refused(named, "");
            }
            return Dns.ofResolvConf(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        } catch (IOException failure) {
            throw refused(named, DiskReason.of(failure));
        } catch (InvalidPathException failure) {
            throw refused(named, String.valueOf(failure.getMessage()));
        }
    }

    private static CniRefused refused(String named, String details) {
        return new CniRefused(new CniError(CniError.INVALID_CONFIGURATION,
                "the network configuration: ipam.resolvConf is \"" + named + "\", expected a file of at most 1 MiB that can be read", details));
    }
}
