package io.canal.config;

import io.canal.model.Ip;

/** An address and a TCP port to listen on; its text form is {@code 127.0.0.1:9099} or {@code [::1]:9099}. Port 0 is any free one. */
public record Listen(Ip address, int port) {

    /** Where {@code /healthz}, {@code /readyz} and {@code /metrics} are, unless said otherwise. */
    public static final Listen DEFAULT = new Listen(Ip.of("127.0.0.1"), 9099);

    @Override
    public String toString() {
        return address.isV4() ? address + ":" + port : "[" + address + "]:" + port;
    }
}
