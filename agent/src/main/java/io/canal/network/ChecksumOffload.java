package io.canal.network;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Kernels whose tunnels send wrong UDP checksums where a packet is masqueraded before it is encapsulated: what a node sends to a
 * service, and thus every DNS query of the node, is dropped by the other end.
 *
 * <p>Until 5.7 (projectcalico/felix pull request 2811, for projectcalico/calico issue 3145 and kubernetes/kubernetes issue 88986), and
 * seen again with the 5.8 of Ubuntu 20.04 (projectcalico/calico issue 4865). Distributions have carried the mending back to older
 * kernels without a mark that could be read: with one of those the option {@code tx-checksum=on} gives the speed back.
 */
public final class ChecksumOffload {

    private static final Pattern RELEASE = Pattern.compile("(\\d+)\\.(\\d+).*");

    private ChecksumOffload() {}

    /**
     * Whether a kernel is one of those.
     *
     * @param release as {@code uname -r} says it; one that cannot be read counts as good
     */
    public static boolean isBroken(String release) {
        Matcher parts = RELEASE.matcher(release.strip());
        if (!parts.matches()) {
            return false;
        }
        int major = Integer.parseInt(parts.group(1));
        int minor = Integer.parseInt(parts.group(2));
        return major < 5 || major == 5 && (minor < 7 || minor == 8);
    }
}
