package io.canal.ruleset.nft;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.ruleset.tenants.MasqueradeRule;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Reads flannel's masquerade rules from their expressions. */
public final class FlannelExpressions {

    private FlannelExpressions() {}

    /** The networks that the rules masquerade. */
    public static List<PodNetwork> networks(List<NftRule> rules) {
        List<MasqueradeRule> read = new ArrayList<>();
        for (NftRule rule : rules) {
            boolean masquerades = rule.expressions().stream().anyMatch(Expression.Masquerade.class::isInstance);
            if (masquerades || rule.expressions().contains(new Expression.Decide(Verdict.RETURN))) {
                read.add(new MasqueradeRule(net(rule.expressions(), 12, 8), net(rule.expressions(), 16, 24), masquerades));
            }
        }
        return MasqueradeRule.networks(read);
    }

    /** The block that the address at this offset, in IPv4 or IPv6, is compared with. */
    private static Optional<MasqueradeRule.Net> net(List<Expression> expressions, int offset4, int offset6) {
        boolean v6 = expressions.contains(new Expression.Compare(Expression.Operator.EQ, 1, Bytes.of((byte) 10)));
        for (int i = 0; i + 1 < expressions.size(); i++) {
            if (!(expressions.get(i) instanceof Expression.LoadPayload load && load.offset() == (v6 ? offset6 : offset4))) {
                continue;
            }
            int length = load.length() * 8;
            int next = i + 1;
            if (expressions.get(next) instanceof Expression.Bitwise bits && next + 1 < expressions.size()) {
                length = prefixLength(bits.mask());
                next++;
            }
            if (expressions.get(next) instanceof Expression.Compare compare) {
                Ip address = Ip.ofBytes(Arrays.copyOf(compare.value().toArray(), v6 ? 16 : 4));
                return Optional.of(new MasqueradeRule.Net(Cidr.containing(address, length), compare.operator() == Expression.Operator.NEQ));
            }
        }
        return Optional.empty();
    }

    private static int prefixLength(Bytes mask) {
        int length = 0;
        for (int i = 0; i < mask.length(); i++) {
            length += Integer.bitCount(mask.at(i));
        }
        return length;
    }
}
