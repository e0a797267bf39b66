package io.canal.cli;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabException;
import io.canal.lab.LabName;
import io.canal.lab.Places;
import io.canal.lab.pod.EtcdClient;
import io.canal.lab.pod.Pods;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which lab a command is about: {@code --lab}, else CANAL_LAB, else the lab of this checkout. */
final class LabOption {

    @Option(names = "--lab", paramLabel = "NAME", description = "Which lab; by default that of this checkout (or CANAL_LAB).")
    private @Nullable String name;

    /** The checkout that the launcher started us from. */
    static Path checkout() {
        return Path.of(System.getProperty("canal.home", ".")).toAbsolutePath().normalize();
    }

    LabName lab() {
        return Optional.ofNullable(name).or(() -> Optional.ofNullable(System.getenv("CANAL_LAB")).filter(text -> !text.isEmpty()))
                .map(LabName::new).orElseGet(() -> LabName.ofCheckout(checkout()));
    }

    /** Whether an option or the environment names it. */
    boolean isNamed() {
        return name != null || Optional.ofNullable(System.getenv("CANAL_LAB")).filter(text -> !text.isEmpty()).isPresent();
    }

    Places places() {
        return Places.usual();
    }

    /** The hosts of the lab, which has to be there. */
    List<Host> hosts() {
        List<Host> hosts = Lab.hostsOf(places(), lab());
        if (hosts.isEmpty()) {
            throw new LabException("There is no lab " + lab() + "; canal up makes it.");
        }
        return hosts;
    }

    Host host(String wanted) {
        List<Host> hosts = hosts();
        return hosts.stream().filter(host -> host.name().equals(wanted)).findFirst()
                .orElseThrow(() -> new LabException("Host is \"" + wanted + "\", expected one of " + hosts + "."));
    }

    Pods pods() {
        return new Pods(part("pods"), hosts());
    }

    /** The namespace outside of the hosts, on their network. */
    NetworkNamespace outside() {
        return NetworkNamespace.named("canal-" + lab() + "-sw");
    }

    EtcdClient etcd() {
        return EtcdClient.onAnyOf(hosts());
    }

    /** Where the model of the lab is kept. */
    Path modelFolder() {
        return part("model");
    }

    private Path part(String part) {
        return places().part(lab(), part);
    }
}
