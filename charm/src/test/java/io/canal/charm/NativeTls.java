package io.canal.charm;

import io.netty.handler.ssl.OpenSsl;

/** Says whether Netty has its native TLS; run with the packed runtime. */
final class NativeTls {

    private NativeTls() {}

    public static void main(String[] arguments) {
        System.out.println(OpenSsl.isAvailable());
    }
}
