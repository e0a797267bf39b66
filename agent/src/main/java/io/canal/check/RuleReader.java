package io.canal.check;

import io.canal.check.Observation.NetRule;
import io.canal.check.Observation.NetRule.Net;
import io.canal.check.Observation.Rules;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Attributes;
import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.NetlinkSocket;
import io.canal.kernel.netlink.Received;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.ruleset.nft.Expression;
import io.canal.ruleset.nft.ExpressionCodec;
import io.canal.ruleset.nft.Verdict;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Reads the masquerade and forward rules out of both dataplanes: nf_tables by netlink, iptables by its own programs. */
final class RuleReader {

    private static final String MASQUERADE = "FLANNEL-POSTRTG";
    private static final String FORWARD = "FLANNEL-FWD";
    private static final String TABLE = "canal";

    private static final int NFT_GETRULE = 10 << 8 | 7;
    private static final int FAMILY_INET = 1;
    private static final int RULE_TABLE = 1;
    private static final int RULE_CHAIN = 2;
    private static final int RULE_EXPRESSIONS = 4;
    private static final int NFGENMSG = 4;

    /** Where the addresses are in the headers of IPv4 (RFC 791) and IPv6 (RFC 8200). */
    private static final int SOURCE_V4 = 12;
    private static final int DESTINATION_V4 = 16;
    private static final int SOURCE_V6 = 8;
    private static final int DESTINATION_V6 = 24;

    private static final Path LEGACY_TABLES = Path.of("/proc/net/ip_tables_names");
    private static final long PATIENCE_SECONDS = 5;

    private RuleReader() {}

    /** All rules of flannel's chains that this network namespace has. */
    static Rules read() throws IOException, KernelException {
        List<NetRule> rules = new ArrayList<>();
        List<String> where = new ArrayList<>();
        List<NetRule> nft = nft();
        if (!nft.isEmpty()) {
            where.add("nftables");
            rules.addAll(nft);
        }
        boolean readable = !nft.isEmpty();
        List<String> programs = new ArrayList<>(List.of("iptables-nft-save", "ip6tables-nft-save"));
        // Only a look makes the legacy tables where they are not in use.
        if (Files.exists(LEGACY_TABLES) && !Files.readString(LEGACY_TABLES).isBlank()) {
            programs.addAll(List.of("iptables-legacy-save", "ip6tables-legacy-save"));
        }
        for (String program : programs) {
            Optional<String> text = output(program);
            readable |= text.isPresent();
            List<NetRule> found = iptables(text.orElse(""));
            if (!found.isEmpty()) {
                rules.addAll(found);
                String name = program.replace("-save", "").replace("ip6tables", "iptables");
                if (!where.contains(name)) {
                    where.add(name);
                }
            }
        }
        return readable ? new Rules.Seen(String.join(" and ", where), rules) : new Rules.Unreadable("neither nf_tables' table inet canal nor iptables is there");
    }

    private static List<NetRule> nft() throws KernelException {
        List<NetRule> rules = new ArrayList<>();
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            NetlinkMessage request = new NetlinkMessage(NFT_GETRULE, 0).u8(FAMILY_INET).u8(0).be16(0).string(RULE_TABLE, TABLE);
            for (Received part : socket.dump("list the rules of table inet canal", request)) {
                Attributes rule = part.attributes(NFGENMSG);
                String chain = rule.string(RULE_CHAIN, "");
                if (rule.string(RULE_TABLE, "").equals(TABLE) && rule.has(RULE_EXPRESSIONS) && (chain.endsWith(MASQUERADE) || chain.endsWith(FORWARD))) {
                    nftRule(chain.endsWith(FORWARD) ? FORWARD : MASQUERADE, ExpressionCodec.decode(rule.bytes(RULE_EXPRESSIONS))).ifPresent(rules::add);
                }
            }
        } catch (KernelException failure) {
            // No such table, or a kernel without nf_tables: there are no rules then.
            return List.of();
        }
        return rules;
    }

    /** What a rule's program says about networks; empty where it says nothing of a verdict that we know. */
    static Optional<NetRule> nftRule(String chain, List<Expression> program) {
        Optional<Net> source = Optional.empty();
        Optional<Net> destination = Optional.empty();
        String verdict = "";
        int offset = -1;
        int length = 0;
        for (Expression expression : program) {
            switch (expression) {
                case Expression.LoadPayload payload -> {
                    offset = payload.header() == Expression.Header.NETWORK ? payload.offset() : -1;
                    length = payload.length() * 8;
                }
                case Expression.Bitwise bitwise -> length = ones(bitwise.mask().toArray());
                case Expression.Compare compare -> {
                    Optional<Net> net = net(offset, length, compare);
                    if (offset == SOURCE_V4 || offset == SOURCE_V6) {
                        source = net;
                    } else if (net.isPresent()) {
                        destination = net;
                    }
                    offset = -1;
                }
                case Expression.Masquerade _ -> verdict = "masquerade";
                case Expression.Decide decide when decide.verdict().equals(Verdict.ACCEPT) -> verdict = "accept";
                case Expression.Decide decide when decide.verdict().equals(Verdict.RETURN) -> verdict = "return";
                default -> {}
            }
        }
        return verdict.isEmpty() ? Optional.empty() : Optional.of(new NetRule(chain, source, destination, verdict));
    }

    /** The network that an address of the packet's header is compared with. */
    private static Optional<Net> net(int offset, int length, Expression.Compare compare) {
        boolean v4 = offset == SOURCE_V4 || offset == DESTINATION_V4;
        boolean v6 = offset == SOURCE_V6 || offset == DESTINATION_V6;
        if (!v4 && !v6) {
            return Optional.empty();
        }
        byte[] value = compare.value().toArray();
        byte[] address = Arrays.copyOf(value, v4 ? 4 : 16);
        return Optional.of(new Net(Cidr.containing(Ip.ofBytes(address), Math.min(length, address.length * 8)), compare.operator() == Expression.Operator.NEQ));
    }

    private static int ones(byte[] mask) {
        int ones = 0;
        for (byte part : mask) {
            ones += Integer.bitCount(part & 255);
        }
        return ones;
    }

    /** The rules of flannel's chains in what {@code iptables-save} printed. */
    static List<NetRule> iptables(String saved) {
        List<NetRule> rules = new ArrayList<>();
        for (String line : saved.lines().toList()) {
            String[] words = line.split(" ");
            if (words.length < 4 || !words[0].equals("-A") || !words[1].equals(MASQUERADE) && !words[1].equals(FORWARD)) {
                continue;
            }
            Optional<Net> source = Optional.empty();
            Optional<Net> destination = Optional.empty();
            String verdict = "";
            for (int i = 2; i + 1 < words.length; i++) {
                boolean negated = words[i - 1].equals("!");
                String value = words[i + 1];
                switch (words[i]) {
                    case "-s" -> source = IpPrefix.parse(value).map(prefix -> new Net(prefix.cidr(), negated));
                    case "-d" -> destination = IpPrefix.parse(value).map(prefix -> new Net(prefix.cidr(), negated));
                    case "-j" -> verdict = value.toLowerCase(Locale.ROOT);
                    default -> {}
                }
            }
            if (List.of("return", "masquerade", "accept").contains(verdict)) {
                rules.add(new NetRule(words[1], source, destination, verdict));
            }
        }
        return rules;
    }

    private static Optional<String> output(String program) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(program).redirectError(Redirect.DISCARD).start();
        } catch (IOException missing) {
            return Optional.empty();
        }
        try {
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0 ? Optional.of(text) : Optional.empty();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            process.destroyForcibly();
        }
    }
}
