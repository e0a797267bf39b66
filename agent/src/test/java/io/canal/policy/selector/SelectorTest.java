package io.canal.policy.selector;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Decoded;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorTest {

    private static final Map<String, String> WEB = Map.of("app", "web", "tier", "frontend", "quote", "it's", "k8s-app.io/x_1", "v");

    @ParameterizedTest
    @ValueSource(strings = {
        "", " \t", "all()", "all( )", "global()", "has(app)", "has( app )", "app == 'web'", "app == \"web\"", "app=='web'", "app != 'db'", "nosuch != 'web'",
        "app in {'web', 'db'}", "app in{'web'}", "app in {'web',}", "app not in {'db'}", "app notin {'db'}", "app not\tin {}", "nosuch not in {'a'}",
        "app contains 'e'", "app starts with 'we'", "app startswith 'we'", "app ends with 'eb'", "app contains ''", "quote == \"it's\"",
        "!has(nosuch)", "!!has(app)", "! ! ! has(nosuch)", "!(app == 'db')", "has(k8s-app.io/x_1)", "k8s-app.io/x_1 == 'v'",
        "app == 'web' && tier == 'frontend'", "app == 'db' || app == 'web'", "app == 'web' || nosuch == '1' && nosuch == '2'",
        "(app == 'db' || app == 'web') && has(tier)", "((((has(app)))))"
    })
    void matches(String text) {
        assertTrue(Selector.of(text).matches(WEB), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "has(nosuch)", "app == 'WEB'", "app == ''", "nosuch == ''", "app != 'web'", "app in {}", "nosuch in {'a'}", "app not in {'web'}", "nosuch contains ''",
        "nosuch starts with ''", "nosuch ends with ''", "app contains 'x'", "!all()", "!has(app)", "!!!has(app)", "app == 'web' && tier == 'x'",
        "(app == 'web' || nosuch == '1') && nosuch == '2'", "!(app == 'web' || has(nosuch))", "!global()"
    })
    void does_not_match(String text) {
        assertFalse(Selector.of(text).matches(WEB), text);
    }

    @Test
    void words_of_operators_may_be_labels() {
        Map<String, String> odd = Map.of("in", "1", "not", "2", "all", "3", "has", "4", "contains", "5", "global", "6", "starts", "7");
        assertAll(Stream.of("in == '1'", "not == '2'", "all == '3'", "has == '4'", "contains contains '5'", "global == '6'", "starts starts with '7'",
                "in in {'1'}", "not not in {'1'}", "has(all)", "has(has)").map(text -> () -> assertTrue(Selector.of(text).matches(odd), text)));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "app", "app =", "app = 'web'", "app == web", "app == 'web", "app == \"web'", "== 'web'", "app 'web'", "app in 'web'", "app in {web}", "app in {'a' 'b'}",
        "app in {,}", "app in {'a',,}", "app in {'a'", "has(", "has()", "has (app)", "has('app')", "has(app", "all", "all(app)", "all (", "()", "(", ")", "((has(app))",
        "has(app) has(tier)", "has(app) &&", "&& has(app)", "has(app) & has(tier)", "has(app) | has(tier)", "!", "app contains web", "app containsx 'a'", "app inn {'a'}",
        "app starts 'a'", "app is 'a'", "app == 'a' 'b'", "äpp == 'a'", "app\n== 'a'", "app == 'a';", "#", "app not 'a'", "all() all()", "$(reboot)", "`x`"
    })
    void is_no_selector(String text) {
        assertInstanceOf(Decoded.Bad.class, Selector.parse(text), text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        "`` > all()",
        "all( ) > all()",
        "a=='b' > a == \"b\"",
        "a == 'say \"x\"' > a == 'say \"x\"'",
        "a in {'c','b','c',} > a in {\"b\", \"c\"}",
        "a notin {'b'} > a not in {\"b\"}",
        "a in {} > a in {}",
        "a startswith 'b' > a starts with \"b\"",
        "a endswith 'b' > a ends with \"b\"",
        "!!has( a ) > has(a)",
        "! has(a) > !has(a)",
        "!(a == 'b') > !a == \"b\"",
        "a=='1'&&b=='2'&&c!='3' > (a == \"1\" && b == \"2\" && c != \"3\")",
        "a=='1'&&(b=='2'&&c=='3') > (a == \"1\" && (b == \"2\" && c == \"3\"))",
        "a=='1'||b=='2'&&c=='3' > (a == \"1\" || (b == \"2\" && c == \"3\"))",
        "!(has(a)||has(b)) > !(has(a) || has(b))"
    })
    void has_one_canonical_text(String text, String canonical) {
        assertEquals(canonical, Selector.of(text).canonical());
        assertEquals(canonical, Selector.of(canonical).canonical(), "read again");
    }

    @Test
    void has_the_ids_of_felix() {
        assertEquals("s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug", Selector.of("all()").id());
        assertEquals("s:aTHMmtqeppKyLzbhenKiYRuErfad2JwXIwqQsg", Selector.of("app=='db'").id());
        assertEquals("svc:Jhwii46PCMT5NlhWsUqZmv7al8TeHFbNQMhoVg", Selector.serviceId(true, "default", "svc"));
        assertEquals("svcnoport:T03S_6hogdrGKrNFBcbKTFsH_uKwDHEo8JddOg", Selector.serviceId(false, "default", "svc"));
    }

    @Test
    void says_where_it_is_wrong() {
        Decoded.Bad<Selector> bad = assertInstanceOf(Decoded.Bad.class, Selector.parse("policy p", "spec.selector", "app = = web"));
        assertEquals("policy p: spec.selector is \"app = = web\", expected a selector with \"==\" at character 5", bad.problem().sentence());
    }

    @Test
    void refuses_what_would_overrun_the_stack() {
        assertTrue(Selector.of("(".repeat(256) + "has(app)" + ")".repeat(256)).matches(WEB));
        assertInstanceOf(Decoded.Bad.class, Selector.parse("(".repeat(100_000) + "has(app)" + ")".repeat(100_000)));
        assertTrue(Selector.of("!".repeat(100_000) + "has(app)").matches(WEB));
    }

    @Test
    void tells_an_index_what_labels_must_be_like() {
        assertEquals(Map.of(), Selector.of("all()").restrictions());
        assertEquals(Map.of(), Selector.of("a != 'b' || c == 'd'").restrictions());
        assertEquals(Map.of("a", Restriction.oneOf(List.of("1", "2"))), Selector.of("a == '1' || a in {'2'} && has(b)").restrictions());
        assertEquals(Map.of("a", Restriction.oneOf(List.of("2")), "b", Restriction.absent()), Selector.of("a in {'1','2'} && a in {'2','3'} && !has(b)").restrictions());
        assertTrue(Selector.of("a == '1' && !has(a)").restrictions().values().iterator().next().isImpossible());
    }
}
