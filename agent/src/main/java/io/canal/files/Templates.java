package io.canal.files;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import freemarker.template.Configuration;
import freemarker.template.Template;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import java.io.IOException;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Renders the node's files from their templates.
 *
 * <p>What was rendered is parsed back and compared with what was meant: a template that was edited wrongly gives a sentence, never
 * a wrong file.
 */
public final class Templates {

    /** The templates' names in the program's folder {@code templates/}. */
    public static final String SUBNET_ENV = "subnet.env.ftl";

    public static final String CONFLIST = "10-canal.conflist.ftl";

    private final String subnetEnv;
    private final String conflist;

    /**
     * From the templates' texts.
     *
     * @param subnetEnv that of {@link #SUBNET_ENV}
     * @param conflist that of {@link #CONFLIST}
     */
    public Templates(String subnetEnv, String conflist) {
        this.subnetEnv = subnetEnv;
        this.conflist = conflist;
    }

    /** The text of {@code subnet.env}. */
    public Decoded<String> render(SubnetEnv file) {
        Map<String, Object> model = new HashMap<>();
        file.v4().ifPresent(net -> model.put("v4", model(net)));
        file.v6().ifPresent(net -> model.put("v6", model(net)));
        model.put("mtu", String.valueOf(file.mtu()));
        model.put("ipMasq", String.valueOf(file.ipMasq()));
        return render(SUBNET_ENV, subnetEnv, model).then(text -> switch (SubnetEnv.parse(SUBNET_ENV, text)) {
            case Good<SubnetEnv>(SubnetEnv read) when read.equals(file) -> Decoded.good(text);
            case Good<SubnetEnv>(SubnetEnv read) -> Decoded.bad(SUBNET_ENV, "", read.toString(), "a template that gives " + file);
            case Bad<SubnetEnv>(var problem) -> Decoded.bad(problem);
        });
    }

    /** The text of {@code 10-canal.conflist}. */
    public Decoded<String> render(Conflist file) {
        Map<String, Object> model = new HashMap<>();
        model.put("name", json(Conflist.NETWORK_NAME));
        model.put("cniVersion", json(file.versions().preferred()));
        model.put("cniVersions", file.versions().common().stream().map(Templates::json).toList());
        model.put("nodename", json(file.nodename()));
        model.put("mtu", String.valueOf(file.mtu()));
        model.put("etcdEndpoints", json(String.join(",", file.endpoints())));
        Optional<Conflist.Tls> tls = file.tls();
        tls.filter(files -> !files.key().isEmpty()).ifPresent(files -> {
            model.put("etcdKey", json(files.key()));
            model.put("etcdCert", json(files.cert()));
        });
        tls.filter(files -> !files.ca().isEmpty()).ifPresent(files -> model.put("etcdCa", json(files.ca())));
        model.put("logLevel", json(file.logLevel()));
        model.put("subnets", file.subnets().stream().map(subnet -> json(subnet.toString())).toList());
        if (!file.kubeconfig().isEmpty()) {
            model.put("kubeconfig", json(file.kubeconfig()));
        }
        model.put("portmap", file.chains(Conflist.PORTMAP));
        model.put("bandwidth", file.chains(Conflist.BANDWIDTH));
        ObjectNode meant = file.tree();
        return render(CONFLIST, conflist, model).then(text -> switch (Json.object(CONFLIST, text)) {
            case Good<ObjectNode>(ObjectNode read) when read.equals(meant) -> Decoded.good(text);
            case Good<ObjectNode>(ObjectNode read) -> Decoded.bad(CONFLIST, "", Json.compact(read), "a template that gives " + Json.compact(meant));
            case Bad<ObjectNode>(var problem) -> Decoded.bad(problem);
        });
    }

    private static Decoded<String> render(String name, String source, Map<String, Object> model) {
        try {
            StringWriter text = new StringWriter();
            new Template(name, source, configuration()).process(model, text);
            return Decoded.good(text.toString());
        } catch (IOException | TemplateException malformed) {
            String reason = String.valueOf(malformed.getMessage()).lines().findFirst().orElse("");
            return Decoded.bad(name, "", reason, "a template that can be rendered");
        }
    }

    private static Configuration configuration() {
        Configuration configuration = new Configuration(Configuration.VERSION_2_3_34);
        configuration.setTemplateExceptionHandler(TemplateExceptionHandler.RETHROW_HANDLER);
        configuration.setLogTemplateExceptions(false);
        configuration.setLocale(Locale.ROOT);
        return configuration;
    }

    private static Map<String, String> model(SubnetEnv.Net net) {
        return Map.of("network", net.network().toString(), "subnet", net.subnet().toString());
    }

    private static String json(String value) {
        return TextNode.valueOf(value).toString();
    }
}
