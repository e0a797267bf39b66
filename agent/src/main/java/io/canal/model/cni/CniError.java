package io.canal.model.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import io.canal.model.Problem;

/**
 * An error as the specification has it.
 *
 * @param details empty where there are none
 */
public record CniError(int code, String message, String details) {

    public static final int INCOMPATIBLE_VERSION = 1;
    public static final int UNSUPPORTED_FIELD = 2;
    public static final int UNKNOWN_CONTAINER = 3;
    public static final int INVALID_ENVIRONMENT = 4;
    public static final int IO_FAILURE = 5;
    public static final int DECODING_FAILURE = 6;
    public static final int INVALID_CONFIGURATION = 7;
    public static final int WRONG_NAMESPACE = 8;
    public static final int TRY_AGAIN_LATER = 11;
    public static final int NOT_AVAILABLE = 50;
    public static final int LIMITED_CONNECTIVITY = 51;
    public static final int NO_DATASTORE = 100;
    public static final int INTERNAL = 999;

    public CniError(int code, String message) {
        this(code, message, "");
    }

    /** What is wrong with a configuration: not JSON at all, or a field of it. */
    public static CniError of(Problem problem) {
        return problem.field().isEmpty()
                ? new CniError(DECODING_FAILURE, "the network configuration is not a JSON object", problem.sentence())
                : new CniError(INVALID_CONFIGURATION, problem.sentence());
    }

    public String json() {
        ObjectNode json = Json.object().put("code", code).put("msg", message);
        if (!details.isEmpty()) {
            json.put("details", details);
        }
        return CniJson.pretty(json);
    }
}
