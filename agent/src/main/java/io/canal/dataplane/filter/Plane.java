package io.canal.dataplane.filter;

import io.canal.dataplane.iptables.IptablesTables;
import io.canal.dataplane.nft.NftTable;
import io.canal.reconcile.Repair;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Ruleset;
import java.io.IOException;
import java.util.List;

/** A dataplane at work. */
interface Plane extends AutoCloseable {

    FilterBackend backend();

    void wantAll(Ruleset ruleset);

    void want(Ruleset ruleset, Ruleset.Changes changes);

    boolean apply(boolean mayRemove) throws IOException;

    /** What of what is wanted the kernel does not take, in sentences. */
    List<String> problems();

    /** What others changed and is again as it should be, since the last call. */
    List<Repair> takeRepairs();

    /** How it says rules now. */
    Dialect dialect();

    void distrust();

    void removeAll() throws IOException;

    @Override
    void close();

    record Nft(NftTable table) implements Plane {

        @Override
        public FilterBackend backend() {
            return FilterBackend.NFTABLES;
        }

        @Override
        public void wantAll(Ruleset ruleset) {
            table.wantAll(ruleset);
        }

        @Override
        public void want(Ruleset ruleset, Ruleset.Changes changes) {
            table.want(ruleset, changes);
        }

        @Override
        public boolean apply(boolean mayRemove) throws IOException {
            return table.apply(mayRemove);
        }

        @Override
        public List<String> problems() {
            return table.problems();
        }

        @Override
        public List<Repair> takeRepairs() {
            return table.takeRepairs();
        }

        @Override
        public Dialect dialect() {
            return table.dialect();
        }

        @Override
        public void distrust() {
            table.distrust();
        }

        @Override
        public void removeAll() throws IOException {
            table.removeAll();
        }

        @Override
        public void close() {
            table.close();
        }
    }

    record Ipt(IptablesTables tables) implements Plane {

        @Override
        public FilterBackend backend() {
            return FilterBackend.of(tables.backend());
        }

        @Override
        public void wantAll(Ruleset ruleset) {
            tables.wantAll(ruleset);
        }

        @Override
        public void want(Ruleset ruleset, Ruleset.Changes changes) {
            tables.want(ruleset, changes);
        }

        @Override
        public boolean apply(boolean mayRemove) throws IOException {
            return tables.apply(mayRemove);
        }

        @Override
        public List<String> problems() {
            return tables.problems();
        }

        @Override
        public List<Repair> takeRepairs() {
            return tables.takeRepairs();
        }

        @Override
        public Dialect dialect() {
            return Dialect.IPTABLES;
        }

        @Override
        public void distrust() {
            tables.distrust();
        }

        @Override
        public void removeAll() throws IOException {
            tables.removeAll();
        }

        @Override
        public void close() {
            tables.close();
        }
    }
}
