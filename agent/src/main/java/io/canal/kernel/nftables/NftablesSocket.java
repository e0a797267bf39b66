package io.canal.kernel.nftables;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Attributes;
import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.NetlinkSocket;
import io.canal.kernel.netlink.Received;
import io.canal.kernel.netlink.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;

/** A connection to nf_tables of one network namespace. Used by one thread at a time. */
public final class NftablesSocket implements AutoCloseable {

    private static final int LISTINGS = 10;

    private final NetlinkSocket socket;

    private NftablesSocket(NetlinkSocket socket) {
        this.socket = socket;
    }

    /** Opens a connection in the calling thread's network namespace. */
    public static NftablesSocket open() throws KernelException {
        return new NftablesSocket(NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER));
    }

    /** As {@link #open}; empty where the kernel has no nf_tables, where a socket can be opened nevertheless. */
    public static Optional<NftablesSocket> answering() {
        try {
            NftablesSocket opened = open();
            try {
                opened.generation();
                return Optional.of(opened);
            } catch (KernelException absent) {
                opened.close();
                return Optional.empty();
            }
        } catch (KernelException absent) {
            return Optional.empty();
        }
    }

    /** The number that word of our own changes carries. */
    public int portId() {
        return socket.portId();
    }

    /**
     * Makes the changes.
     *
     * @throws KernelException if nothing was changed; it names the first object that the kernel refused
     */
    public void commit(NftablesBatch batch) throws KernelException {
        Optional<Refused> refused = tryCommit(batch);
        if (refused.isPresent()) {
            throw refused.get().reason();
        }
    }

    /**
     * The kernel's refusal of a batch, of which nothing was done.
     *
     * @param reason names the first object that the kernel refused
     * @param chains those of whose rules the kernel said that it refuses them; there may be others, and it need not say any
     * @param sets likewise those which it refuses, or elements of which, each with its reason
     */
    public record Refused(KernelException reason, Set<String> chains, Map<String, KernelException> sets) {}

    /**
     * As {@link #commit}, for those who know what to do without what is refused.
     *
     * @return empty where all was done
     * @throws KernelException if it is not known what became of it
     */
    public Optional<Refused> tryCommit(NftablesBatch batch) throws KernelException {
        if (batch.isEmpty()) {
            return Optional.empty();
        }
        List<Refusal> refusals = socket.exchange(batch.seal());
        if (refusals.isEmpty()) {
            return Optional.empty();
        }
        Refusal first = refusals.getFirst();
        Set<String> chains = new LinkedHashSet<>();
        Map<String, KernelException> sets = new LinkedHashMap<>();
        for (Refusal refusal : refusals) {
            batch.chain(refusal.index()).ifPresent(chains::add);
            batch.set(refusal.index()).ifPresent(set -> sets.putIfAbsent(set, reason(batch, refusal)));
        }
        return Optional.of(new Refused(reason(batch, first), chains, sets));
    }

    private static KernelException reason(NftablesBatch batch, Refusal refusal) {
        return refusal.exception("change " + batch.object(refusal.index()) + " in nf_tables");
    }

    /** The number of changes that were made to nf_tables in this namespace. Also says whether the kernel has nf_tables. */
    public int generation() throws KernelException {
        for (Received reply : socket.query("ask nf_tables for its generation", message(Nf.GETGEN, 0))) {
            if (reply.type() == Nf.type(Nf.NEWGEN)) {
                return reply.attributes(Nf.HEADER).be32(Nf.GEN_ID);
            }
        }
        throw new KernelException("ask nf_tables for its generation", Errno.ENOENT);
    }

    /** The tables of all families, each as family number and name, such as {@code 2 kube-proxy}. */
    public Set<String> tables() throws KernelException {
        Set<String> tables = new HashSet<>();
        NetlinkMessage request = new NetlinkMessage(Nf.type(Nf.GETTABLE), 0).u8(0).u8(0).be16(0);
        for (Received part : socket.dump("list tables", request)) {
            tables.add(part.u8(0) + " " + part.attributes(Nf.HEADER).string(Nf.TABLE_NAME));
        }
        return tables;
    }

    /**
     * A chain of any table.
     *
     * @param family 1 is inet, 2 is ip, 10 is ip6
     * @param hook the hook's number, -1 where it is no base chain
     * @param drops whether its policy is to drop
     */
    public record AnyChain(int family, String table, String name, int hook, boolean drops) {}

    /** The chains of all tables of the families ip, ip6 and inet. */
    public List<AnyChain> chains() throws KernelException {
        List<AnyChain> chains = new ArrayList<>();
        for (int family : new int[] {1, 2, 10}) {
            NetlinkMessage request = new NetlinkMessage(Nf.type(Nf.GETCHAIN), 0).u8(family).u8(0).be16(0);
            for (Received part : socket.dump("list chains", request)) {
                Attributes chain = part.attributes(Nf.HEADER);
                boolean base = chain.has(Nf.CHAIN_HOOK);
                chains.add(new AnyChain(part.u8(0), chain.string(Nf.CHAIN_TABLE, ""), chain.string(Nf.CHAIN_NAME, ""),
                        base ? chain.nested(Nf.CHAIN_HOOK).be32(Nf.HOOK_HOOKNUM, -1) : -1,
                        base && chain.be32(Nf.CHAIN_POLICY, 1) == 0));
            }
        }
        return chains;
    }

    /** All that is in a table of family inet, at one moment. */
    public NftablesDump dump(String table) throws KernelException {
        for (int i = 0; i < LISTINGS; i++) {
            int before = generation();
            Optional<NftablesDump> dump = tryDump(table);
            if (dump.isPresent() && generation() == before) {
                return dump.get();
            }
        }
        throw new KernelException("list table " + table, Errno.EINTR, "it changed " + LISTINGS + " times while it was read");
    }

    /**
     * The rules of one chain of any table, in order; none where there is no such chain. The kernel lists no others.
     *
     * @param family 1 is inet, 2 is ip, 10 is ip6
     */
    public List<NftablesDump.RuleDump> rules(int family, String table, String chain) throws KernelException {
        List<NftablesDump.RuleDump> rules = new ArrayList<>();
        NetlinkMessage request = new NetlinkMessage(Nf.type(Nf.GETRULE), 0).u8(family).u8(0).be16(0).string(Nf.RULE_TABLE, table).string(Nf.RULE_CHAIN, chain);
        try {
            for (Received part : socket.dump("list the rules of chain " + chain, request)) {
                rules.add(rule(part.attributes(Nf.HEADER)));
            }
        } catch (KernelException failure) {
            if (failure.errno() != Errno.ENOENT) {
                throw failure;
            }
        } catch (NoSuchElementException malformed) {
            throw new KernelException("list the rules of chain " + chain, Errno.EINVAL, String.valueOf(malformed.getMessage()));
        }
        return rules;
    }

    private static NftablesDump.RuleDump rule(Attributes rule) {
        return new NftablesDump.RuleDump(rule.string(Nf.RULE_CHAIN),
                rule.has(Nf.RULE_EXPRESSIONS) ? rule.bytes(Nf.RULE_EXPRESSIONS) : new byte[0], comment(rule));
    }

    private Optional<NftablesDump> tryDump(String table) throws KernelException {
        if (!tables().contains(Nf.FAMILY_INET + " " + table)) {
            return Optional.of(new NftablesDump(false, List.of(), List.of(), List.of(), Map.of()));
        }
        try {
            List<NftablesDump.ChainDump> chains = new ArrayList<>();
            for (Received part : socket.dump("list chains", message(Nf.GETCHAIN, 0))) {
                Attributes chain = part.attributes(Nf.HEADER);
                if (chain.string(Nf.CHAIN_TABLE).equals(table)) {
                    chains.add(new NftablesDump.ChainDump(chain.string(Nf.CHAIN_NAME), hook(chain)));
                }
            }
            List<NftablesDump.RuleDump> rules = new ArrayList<>();
            for (Received part : socket.dump("list rules", message(Nf.GETRULE, 0).string(Nf.RULE_TABLE, table))) {
                Attributes rule = part.attributes(Nf.HEADER);
                if (rule.string(Nf.RULE_TABLE).equals(table)) {
                    rules.add(rule(rule));
                }
            }
            List<NftablesDump.SetDump> sets = new ArrayList<>();
            Map<String, List<NftablesBatch.Element>> elements = new HashMap<>();
            for (Received part : socket.dump("list sets", message(Nf.GETSET, 0).string(Nf.SET_TABLE, table))) {
                Attributes set = part.attributes(Nf.HEADER);
                if (!set.string(Nf.SET_TABLE).equals(table)) {
                    continue;
                }
                int flags = set.be32(Nf.SET_FLAGS, 0);
                String name = set.string(Nf.SET_NAME);
                sets.add(new NftablesDump.SetDump(name, set.be32(Nf.SET_KEY_TYPE, 0), set.be32(Nf.SET_KEY_LEN, 0),
                        (flags & Nf.SET_INTERVAL) != 0, (flags & Nf.SET_MAP) != 0));
                elements.put(name, elements(table, name));
            }
            return Optional.of(new NftablesDump(true, chains, rules, sets, elements));
        } catch (KernelException failure) {
            if (failure.errno() == Errno.ENOENT) {
                // It went away in between.
                return Optional.empty();
            }
            throw failure;
        } catch (NoSuchElementException malformed) {
            throw new KernelException("list table " + table, Errno.EINVAL, String.valueOf(malformed.getMessage()));
        }
    }

    private List<NftablesBatch.Element> elements(String table, String set) throws KernelException {
        List<NftablesBatch.Element> elements = new ArrayList<>();
        NetlinkMessage request = message(Nf.GETSETELEM, 0).string(Nf.ELEMENTS_TABLE, table).string(Nf.ELEMENTS_SET, set);
        for (Received part : socket.dump("list the elements of set " + set, request)) {
            for (Attributes element : part.attributes(Nf.HEADER).nested(Nf.ELEMENTS_LIST).eachNested(Nf.LIST_ELEM)) {
                if (element.has(Nf.ELEMENT_KEY)) {
                    elements.add(new NftablesBatch.Element(element.bytes(Nf.ELEMENT_KEY),
                            (element.be32(Nf.ELEMENT_FLAGS, 0) & Nf.ELEMENT_INTERVAL_END) != 0,
                            element.has(Nf.ELEMENT_DATA) ? Optional.of(element.bytes(Nf.ELEMENT_DATA)) : Optional.empty()));
                }
            }
        }
        return elements;
    }

    private static NftablesBatch.Hook hook(Attributes chain) {
        if (!chain.has(Nf.CHAIN_HOOK)) {
            return new NftablesBatch.Hook("", 0, 0);
        }
        Attributes hook = chain.nested(Nf.CHAIN_HOOK);
        // A policy that is not accept is not ours: the type then differs from any that we want.
        String type = chain.string(Nf.CHAIN_TYPE, "") + (chain.be32(Nf.CHAIN_POLICY, 1) == 1 ? "" : " policy drop");
        return new NftablesBatch.Hook(type, hook.be32(Nf.HOOK_HOOKNUM), hook.be32(Nf.HOOK_PRIORITY));
    }

    private static String comment(Attributes rule) {
        if (!rule.has(Nf.RULE_USERDATA)) {
            return "";
        }
        byte[] data = rule.bytes(Nf.RULE_USERDATA);
        int at = 0;
        while (at + 2 <= data.length) {
            int length = data[at + 1] & 255;
            if (data[at] == 0 && length > 0 && at + 2 + length <= data.length) {
                return new String(data, at + 2, length - 1, StandardCharsets.UTF_8);
            }
            at += 2 + length;
        }
        return "";
    }

    private static NetlinkMessage message(int command, int flags) {
        return new NetlinkMessage(Nf.type(command), flags).u8(Nf.FAMILY_INET).u8(0).be16(0);
    }

    @Override
    public void close() {
        socket.close();
    }
}
