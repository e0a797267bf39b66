package io.canal.lab.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.attack.AttackReport.Entry;
import io.canal.model.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

class AttackReportTest {

    private static Entry entry(Finding... findings) {
        return new Entry(new Attack(3, "sources that are others'", "the route back", (ground, found) -> { }), List.of(findings));
    }

    private static Finding finding(Finding.End end) {
        return new Finding("V4 as a service", end, end == Finding.End.STOPPED ? "" : "it arrived at the pod far");
    }

    @Test
    void an_attack_that_was_stopped_is_one_line() {
        Entry entry = entry(finding(Finding.End.STOPPED), finding(Finding.End.STOPPED));
        assertTrue(entry.holds());
        assertTrue(entry.text().endsWith("ok (2 tries)"), entry.text());
        assertEquals(1, entry.text().lines().count());
    }

    @Test
    void what_got_through_is_named() {
        Entry entry = entry(finding(Finding.End.STOPPED), finding(Finding.End.OPEN));
        assertFalse(entry.holds());
        assertTrue(entry.text().contains("OPEN (2 tries)"), entry.text());
        assertTrue(entry.text().contains("OPEN: V4 as a service: it arrived at the pod far"), entry.text());
    }

    @Test
    void what_is_not_proven_does_not_hold() {
        assertFalse(entry(finding(Finding.End.UNPROVEN)).holds());
        assertTrue(entry(finding(Finding.End.UNPROVEN)).text().contains("UNPROVEN (1 tries)"));
        assertFalse(entry().holds(), "nothing was tried");
        assertFalse(new AttackReport().holds(), "no attack was made");
    }

    @Test
    void the_document_says_how_each_try_ended() {
        AttackReport report = new AttackReport();
        report.add(entry(finding(Finding.End.STOPPED), finding(Finding.End.OPEN)));
        var json = Json.object("report", report.json()).orThrow();
        assertFalse(json.path("holds").asBoolean(true));
        assertEquals("OPEN", json.path("attacks").path(0).path("result").asText());
        assertEquals("stopped", json.path("attacks").path(0).path("tries").path(0).path("end").asText());
        assertEquals("it arrived at the pod far", json.path("attacks").path(0).path("tries").path(1).path("detail").asText());
    }
}
