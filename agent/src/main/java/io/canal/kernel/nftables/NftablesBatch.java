package io.canal.kernel.nftables;

import io.canal.kernel.netlink.NetlinkMessage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Changes to one table of family inet, which the kernel makes all together or not at all, in the order of the calls: what is named
 * must exist by then.
 */
public final class NftablesBatch {

    /** A batch's attribute holds at most 64 KiB; an element with a verdict takes up to about 250 bytes. */
    private static final int ELEMENTS_IN_MESSAGE = 200;

    private static final String RULE_OF = "a rule of chain ";
    private static final String SET = "set ";
    private static final String ELEMENTS_OF = "elements of set ";

    private final String table;
    private final List<NetlinkMessage> messages = new ArrayList<>();
    private final List<String> objects = new ArrayList<>();

    /**
     * Where a base chain is hooked.
     *
     * @param type {@code filter}, {@code nat} or {@code route}
     */
    public record Hook(String type, int number, int priority) {}

    /**
     * An element: {@code key} and {@code data} are the content of their attributes.
     *
     * @param end whether the key ends an interval
     * @param data empty in a set
     */
    public record Element(byte[] key, boolean end, Optional<byte[]> data) {}

    public NftablesBatch(String table) {
        this.table = table;
        NetlinkMessage begin = new NetlinkMessage(Nf.BATCH_BEGIN, 0).u8(0).u8(0).be16(Nf.SUBSYSTEM).endsBatchOnError();
        messages.add(begin);
        objects.add("the batch");
    }

    public boolean isEmpty() {
        return messages.size() == 1;
    }

    /** Makes the table where it is absent. */
    public void addTable(String comment) {
        add(Nf.NEWTABLE, NetlinkMessage.NLM_F_CREATE, "table " + table)
                .string(Nf.TABLE_NAME, table)
                .attr(Nf.TABLE_USERDATA, commentData(comment));
    }

    /** Removes the table with all that is in it. */
    public void deleteTable() {
        add(Nf.DELTABLE, 0, "table " + table).string(Nf.TABLE_NAME, table);
    }

    public void addChain(String name, Optional<Hook> hook) {
        NetlinkMessage message = add(Nf.NEWCHAIN, NetlinkMessage.NLM_F_CREATE, "chain " + name)
                .string(Nf.CHAIN_TABLE, table)
                .string(Nf.CHAIN_NAME, name);
        hook.ifPresent(at -> message
                .nested(Nf.CHAIN_HOOK, h -> h.be32(Nf.HOOK_HOOKNUM, at.number()).be32(Nf.HOOK_PRIORITY, at.priority()))
                .be32(Nf.CHAIN_POLICY, 1)
                .string(Nf.CHAIN_TYPE, at.type()));
    }

    public void deleteChain(String name) {
        add(Nf.DELCHAIN, 0, "chain " + name).string(Nf.CHAIN_TABLE, table).string(Nf.CHAIN_NAME, name);
    }

    /** Removes the chain's rules. */
    public void flushChain(String name) {
        add(Nf.DELRULE, 0, "the rules of chain " + name).string(Nf.RULE_TABLE, table).string(Nf.RULE_CHAIN, name);
    }

    /** A rule that is to be appended to its chain. */
    public static final class NewRule {

        private final String chain;
        private final NetlinkMessage message;

        private NewRule(String chain, NetlinkMessage message) {
            this.chain = chain;
            this.message = message;
        }
    }

    /** Appends a rule; {@code expressions} is the content of {@code NFTA_RULE_EXPRESSIONS}, {@code comment} may be empty. */
    public void addRule(String chain, byte[] expressions, String comment) {
        addRules(List.of(rule(chain, expressions, comment)));
    }

    /** Appends rules. */
    public void addRules(List<NewRule> rules) {
        for (NewRule rule : rules) {
            messages.add(rule.message);
            objects.add(RULE_OF + rule.chain);
        }
    }

    /** A rule for {@link #addRules}, as {@link #addRule} takes it; changes nothing here, and may be asked on any thread. */
    public NewRule rule(String chain, byte[] expressions, String comment) {
        NetlinkMessage message = message(Nf.NEWRULE, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_APPEND)
                .string(Nf.RULE_TABLE, table)
                .string(Nf.RULE_CHAIN, chain)
                .nested(Nf.RULE_EXPRESSIONS, list -> list.bytes(expressions));
        if (!comment.isEmpty()) {
            message.attr(Nf.RULE_USERDATA, commentData(comment));
        }
        return new NewRule(chain, message);
    }

    /**
     * Makes a set, or a map to verdicts.
     *
     * @param keyType nft's number for the type
     * @param bigEndian whether nft is to print keys as being in network order
     */
    public void addSet(String name, int keyType, int keyLength, boolean bigEndian, boolean interval, boolean verdicts) {
        NetlinkMessage message = add(Nf.NEWSET, NetlinkMessage.NLM_F_CREATE, SET + name)
                .string(Nf.SET_TABLE, table)
                .string(Nf.SET_NAME, name)
                .be32(Nf.SET_FLAGS, (interval ? Nf.SET_INTERVAL : 0) | (verdicts ? Nf.SET_MAP : 0))
                .be32(Nf.SET_KEY_TYPE, keyType)
                .be32(Nf.SET_KEY_LEN, keyLength)
                .be32(Nf.SET_ID, messages.size())
                .attr(Nf.SET_USERDATA, byteOrderData(bigEndian));
        if (verdicts) {
            message.be32(Nf.SET_DATA_TYPE, Nf.DATA_VERDICT);
        }
    }

    public void deleteSet(String name) {
        add(Nf.DELSET, 0, SET + name).string(Nf.SET_TABLE, table).string(Nf.SET_NAME, name);
    }

    public void addElements(String set, List<Element> elements) {
        elements(Nf.NEWSETELEM, NetlinkMessage.NLM_F_CREATE, set, elements);
    }

    public void deleteElements(String set, List<Element> elements) {
        elements(Nf.DELSETELEM, 0, set, elements);
    }

    private void elements(int command, int flags, String set, List<Element> elements) {
        for (int from = 0; from < elements.size(); from += ELEMENTS_IN_MESSAGE) {
            List<Element> some = elements.subList(from, Math.min(elements.size(), from + ELEMENTS_IN_MESSAGE));
            add(command, flags, ELEMENTS_OF + set)
                    .string(Nf.ELEMENTS_TABLE, table)
                    .string(Nf.ELEMENTS_SET, set)
                    .nested(Nf.ELEMENTS_LIST, list -> some.forEach(element -> list.nested(Nf.LIST_ELEM, one -> {
                        one.nested(Nf.ELEMENT_KEY, key -> key.bytes(element.key()));
                        if (element.end()) {
                            one.be32(Nf.ELEMENT_FLAGS, Nf.ELEMENT_INTERVAL_END);
                        }
                        element.data().ifPresent(data -> one.nested(Nf.ELEMENT_DATA, value -> value.bytes(data)));
                    })));
        }
    }

    /** All messages, the last change asking for an acknowledgement. */
    List<NetlinkMessage> seal() {
        messages.getLast().addFlags(NetlinkMessage.NLM_F_ACK);
        List<NetlinkMessage> sealed = new ArrayList<>(messages);
        sealed.add(new NetlinkMessage(Nf.BATCH_END, 0).u8(0).u8(0).be16(Nf.SUBSYSTEM));
        return sealed;
    }

    /** What the message at {@code index} is about. */
    String object(int index) {
        return index < objects.size() ? objects.get(index) : "the end of the batch";
    }

    /** The chain whose rule the message at {@code index} makes; empty where it makes none. */
    Optional<String> chain(int index) {
        return named(index, RULE_OF);
    }

    /** The set that the message at {@code index} is about, or its elements; empty where it is about none. */
    Optional<String> set(int index) {
        return named(index, SET).or(() -> named(index, ELEMENTS_OF));
    }

    private Optional<String> named(int index, String what) {
        return Optional.of(object(index)).filter(object -> object.startsWith(what)).map(object -> object.substring(what.length()));
    }

    private NetlinkMessage add(int command, int flags, String object) {
        NetlinkMessage message = message(command, flags);
        messages.add(message);
        objects.add(object);
        return message;
    }

    private static NetlinkMessage message(int command, int flags) {
        return new NetlinkMessage(Nf.type(command), flags).u8(Nf.FAMILY_INET).u8(0).be16(0);
    }

    /** A TLV of type 0, where nft keeps comments of tables, chains and rules; the text ends with NUL. */
    private static byte[] commentData(String comment) {
        byte[] text = comment.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.write(0);
        data.write(text.length + 1);
        data.writeBytes(text);
        data.write(0);
        return data.toByteArray();
    }

    /** NFTNL_UDATA_SET_KEYBYTEORDER: 1 is the machine's order, 2 network order. */
    private static byte[] byteOrderData(boolean bigEndian) {
        return ByteBuffer.allocate(6).order(ByteOrder.nativeOrder()).put((byte) 0).put((byte) 4).putInt(bigEndian ? 2 : 1).array();
    }
}
