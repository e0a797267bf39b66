package io.canal.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.dataplane.filter.PacketFilter;
import io.canal.dataplane.filter.PolicyCounts;
import io.canal.dataplane.filter.PolicyCounts.Counts;
import io.canal.model.Json;
import io.canal.model.PacketCount;
import io.canal.policy.PolicyId;
import io.canal.policy.rules.CountedPolicy;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the policies that are in force on this node have met, for operators and for Prometheus. */
final class PolicyHits {

    private static final Logger log = LoggerFactory.getLogger(PolicyHits.class);
    private static final long WITHIN_SECONDS = 5;
    /** More policies than these share one row of Prometheus'. */
    private static final int MOST_WATCHED = 200;
    private static final Series OTHERS = new Series("", "", "others", "", "");

    private static final Duration PROGRAM_PAUSE = Duration.ofSeconds(15);

    private final ApplyLoop loop;
    private final PacketFilter filter;
    private final Clock clock;
    private Map<Series, PacketCount> last = Map.of();
    private long readAt;

    /** Which number of Prometheus'. */
    record Series(String kind, String namespace, String policy, String direction, String action) {}

    PolicyHits(ApplyLoop loop, PacketFilter filter, Clock clock) {
        this.loop = loop;
        this.filter = filter;
        this.clock = clock;
        this.readAt = clock.nanos() - PROGRAM_PAUSE.toNanos();
    }

    /** Asks the kernel. */
    private List<Counts> read() throws IOException {
        CompletableFuture<List<CountedPolicy>> asked = new CompletableFuture<>();
        loop.write(() -> asked.complete(filter.counted()));
        try {
            return PolicyCounts.read(filter.status().dataplane(), asked.get(WITHIN_SECONDS, TimeUnit.SECONDS));
        } catch (TimeoutException | ExecutionException late) {
            throw new IOException("the policies could not be asked for within " + WITHIN_SECONDS + " s", late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    /** @param wanted {@code NAME} or {@code NAMESPACE/NAME} of the only policy to tell of; empty: all */
    ObjectNode tell(String wanted) throws IOException {
        return told(filter.status().dataplane(), read().stream().filter(each -> wanted.isEmpty() || path(each.policy().id()).equals(wanted)).toList());
    }

    static ObjectNode told(String dataplane, List<Counts> all) {
        ObjectNode reply = Json.object().put("dataplane", dataplane);
        ArrayNode policies = reply.putArray("policies");
        for (Counts counts : all) {
            CountedPolicy policy = counts.policy();
            ObjectNode row = policies.addObject()
                    .put("kind", policy.id().kind().title())
                    .put("namespace", policy.id().namespace())
                    .put("name", policy.id().name())
                    .put("tier", policy.tier())
                    .put("direction", direction(policy))
                    .put("endpoints", policy.endpoints());
            ArrayNode rules = row.putArray("rules");
            for (int i = 0; i < policy.actions().size(); i++) {
                ObjectNode rule = rules.addObject().put("index", i).put("action", action(policy, i));
                int at = i;
                counts.rules().ifPresent(sums -> rule.put("packets", sums.get(at).packets()).put("bytes", sums.get(at).bytes()));
            }
            if (counts.rules().isEmpty()) {
                row.put("note", "Its rules in the kernel are being changed: ask again.");
            }
        }
        return reply;
    }

    /** Where a program has to be started, what it printed may be some seconds old: somebody else decides how often we are asked. */
    synchronized Map<Series, PacketCount> series() {
        if (filter.status().dataplane().isEmpty()) {
            return Map.of();
        }
        if (!PolicyCounts.startsNoProgram(filter.status().dataplane()) && clock.since(readAt).compareTo(PROGRAM_PAUSE) < 0) {
            return last;
        }
        try {
            last = series(read(), MOST_WATCHED);
            readAt = clock.nanos();
            return last;
        } catch (IOException failure) {
            log.debug("no numbers of policies: {}", failure.getMessage());
            return Map.of();
        }
    }

    /** Those of the first policies by name, and the sum of all others. */
    static Map<Series, PacketCount> series(List<Counts> all, int most) {
        Map<Series, PacketCount> series = new LinkedHashMap<>();
        Set<PolicyId> watched = all.stream().map(each -> each.policy().id()).distinct().limit(most).collect(Collectors.toSet());
        for (Counts counts : all) {
            CountedPolicy policy = counts.policy();
            PolicyId id = policy.id();
            boolean alone = watched.contains(id);
            List<PacketCount> sums = counts.rules().orElse(List.of());
            for (int i = 0; i < sums.size(); i++) {
                Series which = alone ? new Series(id.kind().title(), id.namespace(), id.name(), direction(policy), action(policy, i)) : OTHERS;
                series.merge(which, sums.get(i), PacketCount::plus);
            }
        }
        return series;
    }

    private static String path(PolicyId id) {
        return id.namespace().isEmpty() ? id.name() : id.namespace() + "/" + id.name();
    }

    private static String direction(CountedPolicy policy) {
        return policy.ingress() ? "ingress" : "egress";
    }

    /** As a policy writes it. */
    private static String action(CountedPolicy policy, int rule) {
        String name = policy.actions().get(rule).name();
        return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
    }
}
