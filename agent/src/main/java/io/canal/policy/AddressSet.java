package io.canal.policy;

import io.canal.model.Ip.Family;
import io.canal.ruleset.NamedSet;

/**
 * A set of addresses in place of a selector or a named port, one in each family. All rules that mean the same share it.
 *
 * <p>The set of a selector is of kind ADDRESS while all its members are single addresses, and becomes another one, of kind NET and
 * with the same id, when a block joins; what uses it is told anew then.
 *
 * @param id Felix's unique id, cut to the 25 characters that a set's name has room for, such as {@code s:aTHMmtqeppKyLzbhenKiYRu}
 */
public record AddressSet(String id, NamedSet.Kind kind) {

    private static final int LONGEST = 25;

    public AddressSet {
        id = id.length() > LONGEST ? id.substring(0, LONGEST) : id;
    }

    public NamedSet of(Family family) {
        return new NamedSet(id, family, kind);
    }
}
