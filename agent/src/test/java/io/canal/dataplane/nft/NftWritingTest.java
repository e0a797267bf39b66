package io.canal.dataplane.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.ruleset.nft.Expression;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.nft.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class NftWritingTest {

    private static NftChain chain(String name, String... targets) {
        return new NftChain(name, Optional.empty(), Stream.of(targets)
                .map(target -> new NftRule(List.of(new Expression.Counter(), new Expression.Decide(Verdict.jump(target))), "")).toList());
    }

    private static List<String> walked(NftChain... chains) {
        return NftWriting.asWalked(List.of(chains)).stream().map(NftChain::name).toList();
    }

    @Test
    void a_chain_is_followed_by_those_that_it_leads_to() {
        assertEquals(List.of("pod", "group", "first", "second", "profile", "other pod"),
                walked(chain("second"), chain("profile"), chain("group", "first", "second"), chain("pod", "group", "profile"), chain("first"), chain("other pod", "group")));
    }

    @Test
    void chains_that_are_there_already_are_passed_over() {
        assertEquals(List.of("pod", "new"), walked(chain("new"), chain("pod", "there", "new")));
    }

    @Test
    void chains_that_lead_to_each_other_are_not_lost() {
        assertEquals(List.of("a", "b"), walked(chain("a", "b"), chain("b", "a")));
    }
}
