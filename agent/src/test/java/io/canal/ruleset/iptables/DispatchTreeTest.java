package io.canal.ruleset.iptables;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.calico.EndpointNames;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Way;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Names of interfaces and the chains that they are sorted into. */
class DispatchTreeTest {

    private static final Chain.Dispatch DISPATCH = Chain.Dispatch.closed(ChainName.filter("cali-from-host-endpoint"), Way.IN);

    private static List<String> names(String... interfaces) {
        Map<String, ChainName> entries = new HashMap<>();
        IntStream.range(0, interfaces.length).forEach(i -> entries.put(interfaces[i], ChainName.filter("cali-fh-" + i)));
        return DispatchTree.chains(DISPATCH, entries).stream().map(chain -> chain.name().name()).toList();
    }

    @Test
    void interfaces_that_share_a_character_which_no_chain_has_in_its_name_have_a_chain_of_their_own() {
        assertEquals(List.of("cali-from-host-endpoint", "cali-from-host-endpoint-3a"), names("eth0:1", "eth0:2", "eth0"));
        assertEquals(List.of("cali-from-host-endpoint", "cali-from-host-endpoint-0", "cali-from-host-endpoint-3a", "cali-from-host-endpoint-a"),
                names("cali:1", "cali:2", "calia1", "calia2", "cali01", "cali02"));
    }

    @Test
    void each_character_of_an_interface_s_name_can_be_sorted_by() {
        for (char c = ' '; c < 127; c++) {
            if (EndpointNames.isInterface("x" + c)) {
                assertEquals(2, names(c == 'a' ? "xb" : "xa", "x" + c + "1", "x" + c + "2").size(), "x" + c);
            }
        }
    }
}
