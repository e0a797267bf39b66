package io.canal.lease;

import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import io.canal.store.Store.Entry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/** Makes a {@link Snapshot} of what the store says. A key that is no subnet is passed over; a bad value leaves its subnet taken. */
public final class SnapshotReader {

    /** Texts that were seen before are not parsed again; far more than a cluster has at one time. */
    private static final int REMEMBERED = 20_000;

    private final NetworkKeys keys;
    private final Map<String, SubnetKey> subnets = new HashMap<>();
    private String configText = "";
    private Decoded<NetworkConfig> config = Decoded.bad("", "", "", "");
    private final Memo<LeaseValue> leases = new Memo<>(LeaseValue::parse);
    private final Memo<HolderRecord> holders = new Memo<>(SnapshotReader::holder);
    private final Memo<SessionRecord> sessions = new Memo<>(SessionRecord::parse);

    public SnapshotReader(NetworkKeys keys) {
        this.keys = keys;
    }

    /**
     * Decodes.
     *
     * @param epoch the epoch, which must have been read first
     * @param config the config
     */
    public Snapshot read(Optional<Entry> epoch, Optional<Entry> config, Map<SubnetKey, Row<LeaseValue>> leaseRows, Map<SubnetKey, Row<HolderRecord>> holderRows,
            List<Entry> sessionEntries) {
        Map<String, Row<SessionRecord>> alive = new HashMap<>();
        for (Entry entry : sessionEntries) {
            alive.put(entry.key().substring(NetworkKeys.SESSIONS.length()), sessions.row(entry));
        }
        return new Snapshot(
                config.map(this::config),
                leaseRows,
                holderRows,
                alive,
                epoch.map(Entry::modRevision).orElse(0L),
                epoch.map(entry -> number(entry.value())).orElse(0L));
    }

    /** Decodes a listing of leases. */
    public Map<SubnetKey, Row<LeaseValue>> leases(List<Entry> entries) {
        return bySubnet(keys.leases(), entries, leases);
    }

    /** Decodes a listing of holders. */
    public Map<SubnetKey, Row<HolderRecord>> holders(List<Entry> entries) {
        return bySubnet(NetworkKeys.HOLDERS, entries, holders);
    }

    /** Whose a subnet is counts, where that is all that can be read: {@link HolderRecord#salvage}. */
    public static Decoded<HolderRecord> holder(String key, String text) {
        Decoded<HolderRecord> whole = HolderRecord.parse(key, text);
        return whole instanceof Decoded.Good<HolderRecord> ? whole : HolderRecord.salvage(text).map(Decoded::good).orElse(whole);
    }

    private Decoded<NetworkConfig> config(Entry entry) {
        if (!entry.value().equals(configText)) {
            configText = entry.value();
            config = NetworkConfig.parse(entry.key(), entry.value());
        }
        return config;
    }

    private synchronized <T> Map<SubnetKey, Row<T>> bySubnet(String folder, List<Entry> entries, Memo<T> memo) {
        Map<SubnetKey, Row<T>> rows = new HashMap<>();
        for (Entry entry : entries) {
            SubnetKey subnet = subnets.get(entry.key());
            if (subnet == null && NetworkKeys.subnet(folder, entry.key()) instanceof Decoded.Good<SubnetKey>(SubnetKey good)) {
                subnet = good;
                subnets.put(entry.key(), good);
            }
            if (subnet != null) {
                rows.put(subnet, memo.row(entry));
            }
        }
        return rows;
    }

    /** Decoded values by their text: most of them are the same from one reading to the next. */
    private static final class Memo<T> {

        private final BiFunction<String, String, Decoded<T>> parse;
        private final Map<String, T> good = new HashMap<>();

        Memo(BiFunction<String, String, Decoded<T>> parse) {
            this.parse = parse;
        }

        Row<T> row(Entry entry) {
            T known = good.get(entry.value());
            if (known == null && parse.apply(entry.key(), entry.value()) instanceof Decoded.Good<T>(T value)) {
                if (good.size() >= REMEMBERED) {
                    good.clear();
                }
                good.put(entry.value(), value);
                known = value;
            }
            return new Row<>(Optional.ofNullable(known), entry.modRevision(), entry.lease());
        }
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException garbage) {
            return 0;
        }
    }
}
