package io.canal.pack;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The one jar of a program, made of many: at each start the JVM does for every jar, and every package of a jar, what it would do only
 * once (measured: 245 ms of processor time until main instead of 340, with the agent's AOT cache).
 *
 * <p>Of what several jars have under one name the first one's is taken, as on a class path; lists of services are joined, and
 * licences kept apart by the jar's name. Of classes for several versions of Java there are those for this one. The classes of canal itself
 * ask the JVM for no method handle that an AOT cache cannot hold.
 */
final class OneJar {

    private static final String SERVICES = "META-INF/services/";
    private static final String LEGAL = "META-INF/legal/";

    private final Set<String> names = new HashSet<>();
    private final Map<String, StringBuilder> services = new TreeMap<>();
    private final JarOutputStream out;

    private OneJar(JarOutputStream out) {
        this.out = out;
    }

    /**
     * Writes it.
     *
     * @param ours how the names of canal's own jars begin
     */
    static void write(List<Path> jars, String ours, Path to) throws IOException {
        URL[] urls = new URL[jars.size()];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = jars.get(i).toUri().toURL();
        }
        try (URLClassLoader hierarchy = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader());
                JarOutputStream out = new JarOutputStream(Files.newOutputStream(to))) {
            ClassFile classes = ClassFile.of(ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(hierarchy)));
            TypeSwitches switches = new TypeSwitches(classes);
            RecordMethods records = new RecordMethods(classes);
            OneJar made = new OneJar(out);
            for (Path path : jars) {
                boolean own = path.getFileName().toString().startsWith(ours);
                try (JarFile jar = new JarFile(path.toFile(), true, ZipFile.OPEN_READ, Runtime.version())) {
                    for (JarEntry entry : jar.versionedStream().filter(each -> !each.isDirectory()).toList()) {
                        byte[] content = jar.getInputStream(entry).readAllBytes();
                        made.take(path.getFileName().toString(), entry.getName(),
                                own && entry.getName().endsWith(".class") ? records.rewritten(switches.rewritten(content)) : content);
                    }
                }
            }
            made.writeServices();
        }
    }

    private void take(String jar, String name, byte[] content) throws IOException {
        String last = name.substring(name.lastIndexOf('/') + 1).toUpperCase(Locale.ROOT);
        if (name.startsWith(SERVICES)) {
            services.computeIfAbsent(name, _ -> new StringBuilder()).append(new String(content, StandardCharsets.UTF_8)).append('\n');
        } else if (last.startsWith("LICENSE") || last.startsWith("NOTICE")) {
            put(LEGAL + jar + "/" + name, content);
        } else if (!isOfTheJar(name)) {
            put(name, content);
        }
    }

    /** What speaks of the jar itself, and not of what is in it. */
    private static boolean isOfTheJar(String name) {
        return name.equals(JarFile.MANIFEST_NAME) || name.equals("META-INF/INDEX.LIST") || name.equals("module-info.class") || name.startsWith("META-INF/maven/")
                || name.startsWith("META-INF/") && List.of(".SF", ".RSA", ".DSA", ".EC").stream().anyMatch(name::endsWith);
    }

    private void writeServices() throws IOException {
        for (Map.Entry<String, StringBuilder> service : services.entrySet()) {
            List<String> providers = new ArrayList<>();
            service.getValue().toString().lines().map(line -> line.replaceFirst("#.*", "").strip()).filter(line -> !line.isEmpty() && !providers.contains(line))
                    .forEach(providers::add);
            put(service.getKey(), (String.join("\n", providers) + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    private void put(String name, byte[] content) throws IOException {
        if (names.add(name)) {
            ZipEntry entry = new ZipEntry(name);
            // In local time, which is what a zip file has: the same bytes wherever it is made.
            entry.setTimeLocal(Program.JAR_TIME.atOffset(ZoneOffset.UTC).toLocalDateTime());
            out.putNextEntry(entry);
            out.write(content);
            out.closeEntry();
        }
    }
}
