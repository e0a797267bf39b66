package io.canal.kernel.iptables;

/** Where iptables keeps its rules: in nf_tables, or in the older ip_tables; one machine may have rules in both. */
public enum IptablesBackend {
    NFT("iptables-nft"),
    LEGACY("iptables-legacy");

    private final String text;

    IptablesBackend(String text) {
        this.text = text;
    }

    /** As people call it. */
    public String text() {
        return text;
    }

    String program(boolean v6, String verb) {
        return (v6 ? "ip6tables-" : "iptables-") + (this == NFT ? "nft-" : "legacy-") + verb;
    }
}
