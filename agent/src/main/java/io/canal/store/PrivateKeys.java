package io.canal.store;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Private keys in PEM, as PKCS#8 whatever they came as. Java reads only PKCS#8, while openssl wrote PKCS#1
 * ({@code BEGIN RSA PRIVATE KEY}) and SEC1 ({@code BEGIN EC PRIVATE KEY}) for many years, and easyrsa still does.
 */
final class PrivateKeys {

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    /** AlgorithmIdentifier of RFC 3279: rsaEncryption, NULL. */
    private static final byte[] RSA = {0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

    /** OID id-ecPublicKey; the curve's OID follows it in an AlgorithmIdentifier. */
    private static final byte[] EC = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};

    private static final byte[] VERSION = {0x02, 0x01, 0x00};
    private static final int SEQUENCE = 0x30;
    private static final int OCTETS = 0x04;
    private static final int PARAMETERS = 0xa0;

    private PrivateKeys() {}

    /** The first private key in {@code pem} in PKCS#8's binary form; throws with a sentence where there is none that can be read. */
    static byte[] pkcs8(String pem) {
        Matcher block = BLOCK.matcher(pem);
        if (!block.find()) {
            throw new IllegalArgumentException(pem.contains("ENCRYPTED")
                    ? "it is encrypted; etcd's client keys must not be"
                    : "it holds no BEGIN PRIVATE KEY, BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY");
        }
        if (block.group(2).contains("ENCRYPTED")) {
            throw new IllegalArgumentException("it is encrypted; etcd's client keys must not be");
        }
        byte[] der = Base64.getMimeDecoder().decode(block.group(2));
        return switch (block.group(1)) {
            case "RSA PRIVATE KEY" -> tagged(SEQUENCE, VERSION, RSA, tagged(OCTETS, der));
            case "EC PRIVATE KEY" -> tagged(SEQUENCE, VERSION, tagged(SEQUENCE, EC, curve(der)), tagged(OCTETS, der));
            default -> der;
        };
    }

    /** The curve's OID out of a SEC1 key (RFC 5915): SEQUENCE { INTEGER 1, OCTET STRING, [0] { OID }, … }. */
    private static byte[] curve(byte[] der) {
        int at = contents(der, 0);
        while (at < der.length) {
            int start = contents(der, at);
            int length = length(der, at);
            if ((der[at] & 0xff) == PARAMETERS) {
                return Arrays.copyOfRange(der, start, start + length);
            }
            at = start + length;
        }
        throw new IllegalArgumentException("its EC key does not name its curve");
    }

    private static int contents(byte[] der, int at) {
        if (at + 1 >= der.length) {
            throw new IllegalArgumentException("its key is cut short");
        }
        int first = der[at + 1] & 0xff;
        return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static int length(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < (first & 0x7f); i++) {
            if (at + 2 + i >= der.length || length > 0xffff) {
                throw new IllegalArgumentException("its key is cut short");
            }
            length = length << 8 | der[at + 2 + i] & 0xff;
        }
        return length;
    }

    private static byte[] tagged(int tag, byte[]... parts) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            body.writeBytes(part);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        int length = body.size();
        if (length < 0x80) {
            out.write(length);
        } else if (length < 0x100) {
            out.write(0x81);
            out.write(length);
        } else {
            out.write(0x82);
            out.write(length >> 8);
            out.write(length);
        }
        out.writeBytes(body.toByteArray());
        return out.toByteArray();
    }

    /** The text of a PEM file. */
    static String text(byte[] file) {
        return new String(file, StandardCharsets.US_ASCII);
    }
}
