package io.canal.store;

import io.canal.store.StoreException.Kind;
import io.etcd.jetcd.common.exception.EtcdException;
import io.grpc.Status;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What went wrong, out of the layers of exceptions that gRPC, Vert.x and jetcd wrap it into. */
final class Failures {

    private static final Pattern DEADLINE = Pattern.compile("^DEADLINE_EXCEEDED: .*?deadline exceeded after ([0-9.]+)s");

    private Failures() {}

    static StoreException of(String what, Throwable thrown) {
        Kind kind = kind(thrown);
        String sentence = kind == Kind.UNAVAILABLE ? "etcd does not answer: " : "etcd refused: ";
        return new StoreException(kind, sentence + what + ": " + reason(thrown), thrown);
    }

    /** The innermost cause in words; of a deadline only the time, for what gRPC tells beside it is for who debugs gRPC. */
    static String reason(Throwable thrown) {
        Matcher deadline = DEADLINE.matcher(innermost(thrown));
        return deadline.find() ? "no answer within " + (long) Math.ceil(Double.parseDouble(deadline.group(1))) + " s" : innermost(thrown);
    }

    private static String innermost(Throwable thrown) {
        String reason = "";
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            String message = cause.getMessage();
            boolean wrapper = cause instanceof ExecutionException || cause instanceof CompletionException;
            if (!wrapper && message != null && !message.isBlank()) {
                reason = message;
            } else if (cause instanceof TimeoutException) {
                reason = "the time was up";
            }
        }
        return reason.isEmpty() ? thrown.getClass().getSimpleName() : reason;
    }

    private static Kind kind(Throwable thrown) {
        Status.Code code = code(thrown);
        if (code == null) {
            return Kind.UNAVAILABLE;
        }
        return switch (code) {
            case OK, UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN, INTERNAL, ABORTED, DATA_LOSS -> Kind.UNAVAILABLE;
            case INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION,
                    OUT_OF_RANGE, UNIMPLEMENTED, UNAUTHENTICATED -> Kind.REFUSED;
        };
    }

    /** Whether it was a member of etcd that has no leader; it has done nothing, and another one may have. */
    static boolean isLeaderless(Throwable thrown) {
        return code(thrown) == Status.Code.UNAVAILABLE && reason(thrown).contains("etcdserver: no leader");
    }

    static boolean isNotFound(Throwable thrown) {
        return code(thrown) == Status.Code.NOT_FOUND;
    }

    private static Status.@Nullable Code code(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof EtcdException etcd) {
                return Status.Code.valueOf(etcd.getErrorCode().name());
            }
            if (cause instanceof io.grpc.StatusRuntimeException status) {
                return status.getStatus().getCode();
            }
        }
        return null;
    }
}
