package io.canal.ruleset.nft;

import java.util.Optional;

/**
 * An element of a set or map.
 *
 * @param end whether the key is the first one after an interval; otherwise it is a key, or the first one of an interval
 * @param verdict what the map says for the key
 */
public record NftElement(String set, Bytes key, boolean end, Optional<Verdict> verdict) {

    public static NftElement key(String set, Bytes key) {
        return new NftElement(set, key, false, Optional.empty());
    }

    public static NftElement end(String set, Bytes key) {
        return new NftElement(set, key, true, Optional.empty());
    }
}
