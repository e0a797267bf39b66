package io.canal.policy.reference;

import java.util.Optional;

/**
 * What becomes of a packet and of its answer.
 *
 * @param answer empty where there is none, because the packet did not arrive where it should
 * @param allowed whether both get through
 */
public record Exchange(Judgement request, Optional<Judgement> answer, boolean allowed) {}
