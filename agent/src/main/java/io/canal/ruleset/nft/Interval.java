package io.canal.ruleset.nft;

import io.canal.model.Ip;
import java.util.Optional;

/** Addresses from {@code first} on, up to before {@code end}; no end where it holds the last address there is. */
public record Interval(Ip first, Optional<Ip> end) {}
