package io.canal.model.cni;

import java.util.List;
import java.util.Optional;

/** The versions of the CNI specification that we speak. */
public enum CniVersion {
    V0_1_0("0.1.0"),
    V0_2_0("0.2.0"),
    V0_3_0("0.3.0"),
    V0_3_1("0.3.1"),
    V0_4_0("0.4.0"),
    V1_0_0("1.0.0"),
    V1_1_0("1.1.0");

    /** What a configuration without a version speaks. */
    static final CniVersion UNNAMED = V0_2_0;

    private final String text;

    CniVersion(String text) {
        this.text = text;
    }

    public static Optional<CniVersion> parse(String text) {
        return List.of(values()).stream().filter(version -> version.text.equals(text)).findFirst();
    }

    public boolean atLeast(CniVersion other) {
        return compareTo(other) >= 0;
    }

    /** All versions in order, as the specification lists them. */
    public static List<String> texts() {
        return List.of(values()).stream().map(CniVersion::toString).toList();
    }

    @Override
    public String toString() {
        return text;
    }
}
