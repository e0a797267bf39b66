package io.canal.model;

/**
 * The subnets of one family that nodes may get: those of {@code subnetLength} from {@code min} to {@code max}, both included.
 *
 * @param min base of the lowest subnet
 * @param max base of the highest subnet
 */
public record SubnetRange(Cidr network, int subnetLength, Ip min, Ip max) {

    public SubnetRange {
        if (subnetLength < network.length() + 2 || subnetLength > longest(network)) {
            throw new IllegalArgumentException("subnets of /" + subnetLength + " do not fit into " + network);
        }
        if (min.compareTo(max) > 0 || !aligned(network, subnetLength, min) || !aligned(network, subnetLength, max)) {
            throw new IllegalArgumentException(min + " to " + max + " is no range of /" + subnetLength + " within " + network);
        }
    }

    /** With flannel's defaults for {@code network}: length, and all but the first subnet. */
    public static SubnetRange of(Cidr network) {
        return of(network, defaultLength(network));
    }

    /** All subnets of this length but the first, as flannel does. */
    public static SubnetRange of(Cidr network, int subnetLength) {
        return new SubnetRange(network, subnetLength, defaultMin(network, subnetLength), defaultMax(network, subnetLength));
    }

    /** Whether {@code subnet} is one of these. */
    public boolean fits(Cidr subnet) {
        return subnet.family() == network.family()
                && subnet.length() == subnetLength
                && subnet.base().compareTo(min) >= 0
                && subnet.base().compareTo(max) <= 0;
    }

    /** The subnet that follows {@code base}, which lies below {@link #max}. */
    public Ip after(Ip base) {
        return step(base, subnetLength);
    }

    /** The longest subnet that flannel allows. */
    static int longest(Cidr network) {
        return network.isV4() ? 30 : 126;
    }

    static int defaultLength(Cidr network) {
        int usual = network.isV4() ? 24 : 64;
        return network.length() <= usual - 2 ? usual : network.length() + 2;
    }

    static Ip defaultMin(Cidr network, int subnetLength) {
        return step(network.base(), subnetLength);
    }

    static Ip defaultMax(Cidr network, int subnetLength) {
        return network.last().masked(subnetLength);
    }

    static boolean aligned(Cidr network, int subnetLength, Ip base) {
        return network.contains(base) && base.masked(subnetLength).equals(base);
    }

    private static Ip step(Ip base, int subnetLength) {
        int bits = base.family().bits() - subnetLength;
        if (bits < 63) {
            return base.plus(1L << bits);
        }
        return bits == 63 ? base.plus(1L << 62).plus(1L << 62) : new Ip(base.family(), base.high() + (1L << (bits - 64)), base.low());
    }
}
