package io.canal.controller.hooktool;

import java.util.Map;

/** What follows a tool's name and its options, as its {@code --help} says it. */
final class ToolWords {

    private static final Map<String, String> WORDS = Map.ofEntries(
            Map.entry("action-fail", "[\"<failure message>\"]"),
            Map.entry("action-get", "[<key>[.<key>.<key>...]]"),
            Map.entry("action-log", "<message>"),
            Map.entry("action-set", "<key>=<value> [<key>=<value> ...]"),
            Map.entry("application-version-set", "<new-version>"),
            Map.entry("close-port", "<port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp"),
            Map.entry("config-get", "[<key>]"),
            Map.entry("juju-log", "<message>"),
            Map.entry("network-get", "<binding-name>"),
            Map.entry("open-port", "<port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp"),
            Map.entry("relation-get", "<key> <unit id>"),
            Map.entry("relation-ids", "<name>"),
            Map.entry("relation-set", "key=value [key=value ...]"),
            Map.entry("resource-get", "<resource name>"),
            Map.entry("secret-add", "[key[#base64|#file]=value...]"),
            Map.entry("secret-get", "<ID> [key[#base64]]"),
            Map.entry("secret-grant", "<ID>"),
            Map.entry("secret-info-get", "<ID>"),
            Map.entry("secret-remove", "<ID>"),
            Map.entry("secret-revoke", "<ID>"),
            Map.entry("secret-set", "<ID> [key[#base64|#file]=value...]"),
            Map.entry("state-delete", "<key>"),
            Map.entry("state-get", "[<key>]"),
            Map.entry("state-set", "key=value [key=value ...]"),
            Map.entry("status-set", "<maintenance | blocked | waiting | active> [message]"),
            Map.entry("storage-add", "<charm storage name>[=count] ..."),
            Map.entry("storage-get", "[<key>]"),
            Map.entry("storage-list", "[<storage-name>]"),
            Map.entry("unit-get", "<setting>"));

    private ToolWords() {}

    /** Begins with a blank, or is empty where the tool takes options alone. */
    static String of(String tool) {
        String words = WORDS.get(tool);
        return words == null ? "" : " " + words;
    }
}
