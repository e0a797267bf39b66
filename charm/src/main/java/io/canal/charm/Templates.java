package io.canal.charm;

import freemarker.template.Configuration;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * The templates of files on a node that the charm writes. A value that a template names and nobody gave is an error.
 *
 * <p>FreeMarker is loaded by the first rendering: most hooks render nothing, and it is a third of what a hook costs.
 *
 * @param folder where they are
 */
record Templates(Path folder) {

    String render(String template, Map<String, ?> values) throws IOException {
        StringWriter text = new StringWriter();
        try {
            configuration().getTemplate(template).process(values, text);
        } catch (TemplateException wrong) {
            throw new IOException("template " + template + " cannot be rendered: " + wrong.getMessageWithoutStackTop(), wrong);
        }
        return text.toString();
    }

    /** Loads FreeMarker, for a rendering that is to come. */
    void load() throws IOException {
        configuration();
    }

    private Configuration configuration() throws IOException {
        Configuration configuration = new Configuration(Configuration.VERSION_2_3_34);
        configuration.setDirectoryForTemplateLoading(folder.toFile());
        configuration.setDefaultEncoding(StandardCharsets.UTF_8.name());
        configuration.setNumberFormat("computer");
        configuration.setTemplateExceptionHandler(TemplateExceptionHandler.RETHROW_HANDLER);
        configuration.setLogTemplateExceptions(false);
        configuration.setLocalizedLookup(false);
        return configuration;
    }
}
