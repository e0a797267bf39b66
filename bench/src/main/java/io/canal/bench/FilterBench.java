package io.canal.bench;

import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.nftables.NftablesBatch;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Match;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Side;
import io.canal.ruleset.nft.ExpressionCodec;
import io.canal.ruleset.nft.NftElement;
import io.canal.ruleset.nft.NftRendering;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * One set element and one chain rewritten in {@code table inet canal} with 3,000 chains of three rules and 3,000 sets of twenty
 * members, while the namespace holds a foreign interval set of 10,000 elements. No agent and no etcd: the reconciler alone, from
 * the change of the ruleset to the kernel's acknowledgement.
 */
final class FilterBench {

    private static final int CHAINS = 3000;
    private static final int MEMBERS = 20;
    private static final int CHANGES = 500;
    private static final String YARDSTICK = "libnftables, same kind of machine: an element 20 ms beside such a set, a chain 9.2 ms at 3,000";

    private FilterBench() {}

    static Report run() throws IOException {
        Report report = new Report("filter");
        try (TestNamespaces namespaces = new TestNamespaces()) {
            NetworkNamespace node = namespaces.add("filter");
            foreignSet(node);
            try (NftTable table = new NftTable(node.<NftablesSocket, KernelException>call(NftablesSocket::open))) {
                Ruleset ruleset = ruleset();
                ruleset.takeChanges();
                table.wantAll(ruleset);
                long start = System.nanoTime();
                table.apply(true);
                report.figure("load of 3,000 chains and sets", "ms", new Sample(new double[] {millis(start)}), "libnftables: 3,394 ms");
                report.figure("one set element", "ms", elements(ruleset, table), Report.Of.P50, 0.1, YARDSTICK);
                report.figure("of which the kernel", "ms", kernel(node), "it looks a set up by walking along all sets of the table");
                report.figure("one chain of three rules rewritten", "ms", chains(ruleset, table), Report.Of.P50, 0.5, YARDSTICK);
            }
        }
        return report;
    }

    private static Sample elements(Ruleset ruleset, NftTable table) throws IOException {
        double[] times = new double[CHANGES];
        for (int i = -CHANGES; i < CHANGES; i++) {
            NamedSet set = set(Math.floorMod(i * 7, CHAINS));
            Member member = Member.of(Ip.of("172.16.0.0").plus(i + CHANGES));
            long start = System.nanoTime();
            ruleset.add(set, member);
            table.want(ruleset, ruleset.takeChanges());
            table.apply(true);
            // The first half warms up.
            times[Math.max(i, 0)] = millis(start);
        }
        return new Sample(times);
    }

    /** The same change as bare messages: what is left of {@link #elements} is ours. */
    private static Sample kernel(NetworkNamespace node) throws IOException {
        double[] times = new double[CHANGES];
        try (NftablesSocket socket = node.<NftablesSocket, KernelException>call(NftablesSocket::open)) {
            for (int i = -CHANGES; i < CHANGES; i++) {
                NftElement element = NftRendering.element(set(Math.floorMod(i * 7, CHAINS)), Member.of(Ip.of("172.17.0.0").plus(i + CHANGES)));
                NftablesBatch batch = new NftablesBatch(NftTable.NAME);
                batch.addElements(element.set(), List.of(new NftablesBatch.Element(ExpressionCodec.encodeData(element.key()), false, Optional.empty())));
                long start = System.nanoTime();
                socket.commit(batch);
                times[Math.max(i, 0)] = millis(start);
            }
        }
        return new Sample(times);
    }

    private static Sample chains(Ruleset ruleset, NftTable table) throws IOException {
        double[] times = new double[CHANGES];
        for (int i = -CHANGES; i < CHANGES; i++) {
            int number = Math.floorMod(i * 7, CHAINS);
            long start = System.nanoTime();
            ruleset.put(chain(number, 1000 + i + CHANGES));
            table.want(ruleset, ruleset.takeChanges());
            table.apply(true);
            times[Math.max(i, 0)] = millis(start);
        }
        return new Sample(times);
    }

    private static Ruleset ruleset() {
        Ruleset ruleset = new Ruleset();
        for (int i = 0; i < CHAINS; i++) {
            ruleset.put(set(i));
            for (int member = 0; member < MEMBERS; member++) {
                ruleset.add(set(i), Member.of(Ip.of("10.0.0.0").plus(i * 64L + member)));
            }
            ruleset.put(chain(i, 1));
        }
        return ruleset;
    }

    private static NamedSet set(int number) {
        return new NamedSet("bench-" + number, Family.V4, NamedSet.Kind.ADDRESS);
    }

    private static Chain chain(int number, int mark) {
        return Chain.Rules.of(ChainName.filter("bench-" + number),
                Rule.of(new Action.SetMark(mark, 0xffff), new Match.InSet(Side.SOURCE, set(number), false)),
                Rule.of(new Action.Return(), new Match.Net(Side.DESTINATION, Cidr.of("10.96.0.0/12"), false)),
                Rule.of(new Action.Drop(), new Match.Mark(mark, 0xffff, true)));
    }

    private static void foreignSet(NetworkNamespace node) throws IOException {
        StringBuilder script = new StringBuilder("table inet foreign {\n set nets { type ipv4_addr; flags interval; elements = { ");
        for (int i = 0; i < 10_000; i++) {
            script.append(Cidr.containing(Ip.of("100.64.0.0").plus(i * 8L), 30)).append(", ");
        }
        script.append("} ; }\n}\n");
        Process nft = TestNamespaces.start(node, "nft", "-f", "-");
        try (OutputStream input = nft.getOutputStream()) {
            input.write(script.toString().getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(nft.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (nft.waitFor() != 0) {
                throw new IOException("nft refused the foreign set: " + said);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    private static double millis(long start) {
        return (System.nanoTime() - start) / 1e6;
    }
}
