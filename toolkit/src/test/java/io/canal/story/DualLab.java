package io.canal.story;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabName;
import io.canal.lab.Places;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/** A lab whose pods have addresses of both families: two hosts, made by the first test class that needs them, removed after the last. */
public final class DualLab implements BeforeAllCallback {

    static final LabName NAME = LabName.ofCheckout(Canal.home().resolve("dualstory"));

    @Override
    public void beforeAll(ExtensionContext context) {
        context.getRoot().getStore(Namespace.create(DualLab.class)).getOrComputeIfAbsent(Running.class);
    }

    static List<Host> hosts() {
        return Lab.hostsOf(Places.usual(), NAME);
    }

    /** Runs a command in this lab, and expects success. */
    static String canal(String... arguments) {
        return Canal.must(with(arguments));
    }

    static String[] with(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--lab", NAME.text()));
        return all.toArray(String[]::new);
    }

    /** The lab while tests run. */
    static final class Running implements AutoCloseable {

        Running() {
            Lab.remove(Places.usual(), NAME);
            canal("up", "--hosts", "2", "--etcd", "1", "--ipv6", "dual", "--timeout", "240s");
        }

        @Override
        public void close() {
            Lab.remove(Places.usual(), NAME);
        }
    }
}
