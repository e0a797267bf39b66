package io.canal.dataplane.iptables;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OldFlanneldIT {

    private static final List<String> FOREIGN = List.of(
            "-t nat -A POSTROUTING -s 192.168.7.0/24 ! -d 224.0.0.0/4 -j MASQUERADE",
            "-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
            "-A FORWARD -s 192.168.7.0/24 -j ACCEPT",
            "-A FORWARD -i docker0 -j ACCEPT");

    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace node = namespaces.add("node");

    /** The rules of flanneld 0.10, 0.16, and 0.19; what they add to a rule is in the columns. */
    @ParameterizedTest
    @CsvSource({
        "NFT,    '',               '',                                       ''",
        "NFT,    ' --random-fully', '',                                       ''",
        "NFT,    ' --random-fully', '-m comment --comment flanneld\\ masq ', '-m comment --comment flanneld\\ forward '",
        "LEGACY, '',               '',                                       ''",
    })
    void rules_of_a_flanneld_without_chains_go_and_all_others_stay(IptablesBackend backend, String random, String masq, String forward) throws Exception {
        FOREIGN.forEach(rule -> iptables(backend, rule));
        String before = save(backend);
        for (String rule : List.of("-s 10.1.0.0/16 -d 10.1.0.0/16 -j RETURN", "-s 10.1.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE" + random,
                "! -s 10.1.0.0/16 -d 10.1.49.0/24 -j RETURN", "! -s 10.1.0.0/16 -d 10.1.0.0/16 -j MASQUERADE" + random)) {
            iptables(backend, "-t nat -A POSTROUTING " + masq + rule);
        }
        iptables(backend, "-A FORWARD " + forward + "-s 10.1.0.0/16 -j ACCEPT");
        iptables(backend, "-A FORWARD " + forward + "-d 10.1.0.0/16 -j ACCEPT");
        node.run(() -> OldFlanneld.removeFrom(backend, List.of(Cidr.of("10.1.0.0/16"))));
        assertEquals(before, save(backend));
    }

    /** An administrator's, with the same text as some of flanneld's. */
    @ParameterizedTest
    @CsvSource("NFT")
    void a_part_of_them_is_somebody_elses(IptablesBackend backend) throws Exception {
        iptables(backend, "-t nat -A POSTROUTING -s 10.1.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE");
        iptables(backend, "-A FORWARD -s 10.1.0.0/16 -j ACCEPT");
        iptables(backend, "-A FORWARD -d 10.1.0.0/16 -j ACCEPT");
        String before = save(backend);
        node.run(() -> OldFlanneld.removeFrom(backend, List.of(Cidr.of("10.1.0.0/16"))));
        assertEquals(before, save(backend));
    }

    private void iptables(IptablesBackend backend, String arguments) {
        // A blank that belongs to an argument has a backslash before it.
        String[] words = (program(backend) + " " + arguments).split("(?<!\\\\) +");
        for (int i = 0; i < words.length; i++) {
            words[i] = words[i].replace("\\ ", " ");
        }
        TestNamespaces.run(node, words);
    }

    private String save(IptablesBackend backend) {
        return TestNamespaces.run(node, program(backend) + "-save").lines().filter(line -> line.startsWith("-A")).collect(Collectors.joining("\n"));
    }

    private static String program(IptablesBackend backend) {
        return backend == IptablesBackend.NFT ? "iptables-nft" : "iptables-legacy";
    }
}
