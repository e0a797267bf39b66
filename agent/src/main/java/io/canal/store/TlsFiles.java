package io.canal.store;

import java.nio.file.Path;

/**
 * The PEM files that etcd is spoken to with.
 *
 * @param ca certificates that the servers' are checked against
 * @param cert our certificate, and those that lead from it to the CA
 * @param key our private key: PKCS#8, PKCS#1 or SEC1
 */
public record TlsFiles(Path ca, Path cert, Path key) {}
