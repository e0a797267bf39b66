package io.canal.model;

/**
 * The keys in etcd that the network lives under: flannel's below a prefix that can be configured, and canal's own beside them.
 *
 * @param prefix flannel's, without a slash at the end, such as {@code /coreos.com/network}
 */
public record NetworkKeys(String prefix) {

    /** What flannel uses unless told otherwise. */
    public static final NetworkKeys DEFAULT = new NetworkKeys("/coreos.com/network");

    /** Below it are the holder records. */
    public static final String HOLDERS = "/canal/v1/holders/";

    /** Below it are the session records. */
    public static final String SESSIONS = "/canal/v1/nodes/";

    /** A number that every change of ownership compares and bumps, so that two of them never go by one listing. */
    public static final String EPOCH = "/canal/v1/epoch";

    /** Below it is what is asked of nodes, by node; each key hangs on the lease of who asks, and so does its answer. */
    public static final String QUESTIONS = "/canal/v1/questions/";

    /** Below it are the answers, by question. */
    public static final String ANSWERS = "/canal/v1/answers/";

    public NetworkKeys {
        // flannel joins with Go's path.Join, which drops slashes at the end.
        prefix = prefix.replaceAll("/+$", "");
    }

    /** The network config. */
    public String config() {
        return prefix + "/config";
    }

    /** Below it are the leases. */
    public String leases() {
        return prefix + "/subnets/";
    }

    public String lease(SubnetKey subnet) {
        return leases() + subnet.text();
    }

    public static String holder(SubnetKey subnet) {
        return HOLDERS + subnet.text();
    }

    public static String session(String node) {
        return SESSIONS + node;
    }

    public static String question(String nodename, String id) {
        return QUESTIONS + nodename + "/" + id;
    }

    public static String answer(String id, String nodename) {
        return ANSWERS + id + "/" + nodename;
    }

    /** The subnet that a lease's or holder's key names, below {@code folder}. */
    public static Decoded<SubnetKey> subnet(String folder, String key) {
        return SubnetKey.parse(key, key.startsWith(folder) ? key.substring(folder.length()) : key);
    }
}
