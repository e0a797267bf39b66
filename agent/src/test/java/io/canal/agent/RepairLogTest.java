package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.reconcile.Repair;
import io.canal.reconcile.testing.JumpingClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RepairLogTest {

    private static final Repair.Kind ROUTES = new Repair.Kind("route", "routes");
    private static final Repair.Kind FILES = new Repair.Kind("file", "files");

    private final JumpingClock clock = new JumpingClock();
    private final List<String> lines = new ArrayList<>();
    private final RepairLog log = new RepairLog(clock, lines::add);

    private static Repair route(int number) {
        return Repair.removed(ROUTES, "route 10.1." + number + ".0/24");
    }

    @Test
    void one_thing_is_a_sentence_with_what_was_found() {
        log.tell(List.of(Repair.changed(FILES, "/run/flannel/subnet.env", "FLANNEL_MTU=1300", "FLANNEL_MTU=1450"), route(2), Repair.added(ROUTES, "route 10.9.0.0/24")));
        assertEquals(List.of(
                "put back /run/flannel/subnet.env: somebody had changed it (FLANNEL_MTU=1300 in place of FLANNEL_MTU=1450)",
                "put back route 10.1.2.0/24: somebody had removed it",
                "removed route 10.9.0.0/24: somebody had added it"), lines);
    }

    @Test
    void many_things_of_a_kind_are_one_line_and_each_counts() {
        List<Repair> many = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            many.add(route(i));
        }
        log.tell(many);
        assertEquals(List.of("put back 200 routes: somebody had removed them (route 10.1.0.0/24, route 10.1.1.0/24, route 10.1.2.0/24, …)"), lines);
        assertEquals(200, log.counts().get("route").sum());
    }

    @Test
    void a_fight_is_a_few_lines_a_minute_and_one_for_the_rest() {
        for (int i = 0; i < 100; i++) {
            log.tell(List.of(route(1)));
        }
        log.tell(List.of(Repair.removed(FILES, "/a")));
        assertEquals(RepairLog.LINES + 1, lines.size(), "another kind has lines of its own");
        assertEquals(100, log.counts().get("route").sum());
        clock.pass(RepairLog.WITHIN.minus(Duration.ofSeconds(30)));
        log.tell(List.of());
        assertEquals(RepairLog.LINES + 1, lines.size());
        clock.pass(Duration.ofSeconds(31));
        log.tell(List.of());
        assertEquals("put back 95 more of kind route that somebody changes again and again; the last time: put back route 10.1.1.0/24: somebody had removed it", lines.getLast());
        int before = lines.size();
        log.tell(List.of(route(1)));
        assertEquals(before + 1, lines.size(), "and then it is told of again");
    }
}
