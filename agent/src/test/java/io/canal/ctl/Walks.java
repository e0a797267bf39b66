package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.policy.reference.Judgement;
import java.util.Optional;

/** What {@code canal why} makes of an agent's answer. */
public final class Walks {

    private Walks() {}

    /** Why it would be called a defect of canal; empty where it would not. */
    public static Optional<String> defect(JsonNode told, Judgement judgement) {
        KernelWalk walk = new KernelWalk(told);
        return walk.guard().isPresent() ? Optional.empty() : walk.disagreement(judgement);
    }
}
