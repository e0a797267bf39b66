package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.control.Finding;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.store.Store;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records in the packed charm have plain methods, which answer what the compiler's do. */
@Tag("packed")
class PackedRecordsIT {

    @TempDir
    private static Path root;

    private static List<Path> jars;

    @BeforeAll
    static void unpack() throws IOException {
        PackedCharm.built().unpack(root);
        try (Stream<Path> all = Files.list(root.resolve("program/lib"))) {
            jars = all.toList();
        }
    }

    /** The cache holds no method handles, and the JVM would make some at the first use of each such method. */
    @Test
    void no_record_of_ours_asks_the_runtime_for_its_methods() throws IOException {
        List<String> left = new ArrayList<>();
        int answered = 0;
        for (Path path : jars) {
            try (JarFile jar = new JarFile(path.toFile())) {
                for (JarEntry entry : jar.stream().filter(each -> each.getName().matches("io/canal/.*\\.class")).toList()) {
                    ClassModel model = ClassFile.of().parse(jar.getInputStream(entry).readAllBytes());
                    answered += (int) model.methods().stream().filter(method -> method.methodName().stringValue().startsWith("record$")).count();
                    if (model.methods().stream().flatMap(method -> method.code().stream()).flatMap(CodeModel::elementStream).anyMatch(
                            element -> element instanceof InvokeDynamicInstruction call
                                    && call.invokedynamic().bootstrap().bootstrapMethod().reference().owner().asInternalName().equals("java/lang/runtime/ObjectMethods"))) {
                        left.add(entry.getName());
                    }
                }
            }
        }
        assertEquals(List.of(), left);
        assertTrue(answered > 300, "only few records were found: is the charm made from other classes?");
    }

    @Test
    void their_methods_answer_what_the_compiler_s_answer() throws Exception {
        URL[] urls = new URL[jars.size()];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = jars.get(i).toUri().toURL();
        }
        try (URLClassLoader packed = new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
            for (Class<?> record : List.of(Finding.class, KeeperStanding.class, Store.Entry.class)) {
                Constructor<?> ours = constructor(record);
                Constructor<?> theirs = constructor(packed.loadClass(record.getName()));
                Object[] arguments = Arrays.stream(record.getRecordComponents()).map(component -> value(component, 0)).toArray();
                Object made = theirs.newInstance(arguments);
                assertEquals(ours.newInstance(arguments).toString(), made.toString());
                assertEquals(ours.newInstance(arguments).hashCode(), made.hashCode());
                assertEquals(made, theirs.newInstance(arguments));
                assertNotEquals(made, null);
                assertNotEquals(made, "another class");
                for (int i = 0; i < arguments.length; i++) {
                    Object[] other = arguments.clone();
                    other[i] = value(record.getRecordComponents()[i], 1);
                    assertNotEquals(made, theirs.newInstance(other), record + " " + i);
                }
            }
        }
    }

    private static Constructor<?> constructor(Class<?> record) throws NoSuchMethodException {
        return record.getDeclaredConstructor(Arrays.stream(record.getRecordComponents()).map(RecordComponent::getType).toArray(Class[]::new));
    }

    private static Object value(RecordComponent component, int variant) {
        return switch (component.getType().getName()) {
            case "boolean" -> variant == 0;
            case "int" -> 7 + variant;
            case "long" -> (1L << 40) + variant;
            case "java.lang.String" -> "text " + variant;
            case "java.util.List" -> List.of("one", "two " + variant);
            default -> throw new IllegalStateException("no value is known for " + component);
        };
    }
}
