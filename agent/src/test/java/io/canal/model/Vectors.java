package io.canal.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;

/** Recorded values of flannel, and what chance makes of them. */
final class Vectors {

    private static final String REPLACEMENTS = "0123456789abcdefABCDEF\"{}[],:.-/&nul\\\u0000é😀";

    private Vectors() {}

    static List<String> lines(String resource) {
        try (InputStream in = Vectors.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A few characters replaced, removed, inserted or doubled, or two texts spliced. */
    static String mutated(String text, String other, RandomGenerator random) {
        StringBuilder mutant = new StringBuilder(text);
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes && !mutant.isEmpty(); i++) {
            int at = random.nextInt(mutant.length());
            switch (random.nextInt(7)) {
                case 0 -> mutant.setCharAt(at, REPLACEMENTS.charAt(random.nextInt(REPLACEMENTS.length())));
                case 1 -> mutant.deleteCharAt(at);
                case 2 -> mutant.insert(at, (char) random.nextInt(0x180));
                case 3 -> mutant.insert(at, mutant.substring(at, Math.min(mutant.length(), at + random.nextInt(20))));
                case 4 -> mutant.replace(at, mutant.length(), other.substring(random.nextInt(other.length())));
                case 5 -> mutant.delete(at, Math.min(mutant.length(), at + random.nextInt(30)));
                default -> mutant.replace(at, Math.min(mutant.length(), at + 1), List.of("null", "-1", "99999999999", "1e3", "true", "[]", "{}").get(random.nextInt(7)));
            }
        }
        return mutant.toString();
    }
}
