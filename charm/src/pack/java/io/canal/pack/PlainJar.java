package io.canal.pack;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;

/** A jar whose classes ask the JVM for no method handle that an AOT cache cannot hold. */
final class PlainJar {

    private PlainJar() {}

    /**
     * Writes a jar with the classes of another.
     *
     * @param hierarchy finds the classes that these extend and use
     */
    static void write(Path from, Path to, ClassLoader hierarchy) throws IOException {
        ClassFile classes = ClassFile.of(ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(hierarchy)));
        TypeSwitches switches = new TypeSwitches(classes);
        RecordMethods records = new RecordMethods(classes);
        try (JarFile jar = new JarFile(from.toFile()); JarOutputStream out = new JarOutputStream(Files.newOutputStream(to))) {
            for (JarEntry entry : jar.stream().toList()) {
                byte[] content = jar.getInputStream(entry).readAllBytes();
                ZipEntry same = new ZipEntry(entry.getName());
                same.setTimeLocal(entry.getTimeLocal());
                out.putNextEntry(same);
                out.write(entry.getName().endsWith(".class") ? records.rewritten(switches.rewritten(content)) : content);
                out.closeEntry();
            }
        }
    }
}
