package io.canal.dataplane.link;

/**
 * A tunnel that was made again, because the kernel cannot change it into what is wanted while it lives.
 *
 * @param name the device
 * @param because why, as the end of a sentence
 * @param sinceNanos when the one of before was taken away, by the clock of the stage
 */
public record Remade(String name, String because, long sinceNanos) {}
