package io.canal.ipam;

/** Who holds an address: an interface of a container. */
public record Owner(String containerId, String interfaceInPod) {

    private static final String LINE_BREAK = "\r\n";

    /** What a reservation's file holds. */
    String text() {
        return containerId + LINE_BREAK + interfaceInPod;
    }

    /** Whether a reservation's file is this owner's; those of host-local before 0.8 hold the container's id alone. */
    boolean holds(String content) {
        String trimmed = content.strip();
        return trimmed.equals(text().strip()) || trimmed.equals(containerId);
    }
}
