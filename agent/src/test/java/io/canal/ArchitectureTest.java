package io.canal;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Which room may know which, and which rooms compute without touching the world. */
@AnalyzeClasses(packages = "io.canal", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    /** Each room, and the rooms that it may know beside itself. {@code agent} may know all. */
    private static final Map<String, List<String>> MAY_KNOW = Map.ofEntries(
            Map.entry("model", List.of()),
            Map.entry("config", List.of("model")),
            Map.entry("control", List.of("model")),
            Map.entry("reconcile", List.of()),
            Map.entry("store", List.of("model", "reconcile")),
            Map.entry("lease", List.of("model", "store", "reconcile")),
            Map.entry("network", List.of("model")),
            Map.entry("policy", List.of("model", "ruleset")),
            Map.entry("ruleset", List.of("model")),
            Map.entry("files", List.of("model")),
            Map.entry("kernel", List.of("model")),
            Map.entry("dataplane", List.of("model", "reconcile", "kernel", "network", "ruleset", "policy", "files")),
            Map.entry("text", List.of()),
            Map.entry("ctl", List.of("model", "store", "policy", "config", "control", "reconcile", "text")),
            Map.entry("ipam", List.of("model", "kernel")),
            Map.entry("cni", List.of("model", "reconcile", "kernel", "ipam", "store", "control")),
            Map.entry("check", List.of("model", "store", "kernel", "lease", "network", "policy", "ruleset", "files", "ipam", "control", "config",
                    "dataplane")));

    private static final String[] PURE = Stream.of("model", "config", "network", "policy", "ruleset", "files", "text")
            .map(room -> "io.canal." + room + "..").toArray(String[]::new);

    /** Of packages that touch the world, what does not. */
    private static final Set<String> HARMLESS = Set.of("java.io.IOException", "java.io.UncheckedIOException", "java.io.Serializable",
            "java.io.StringWriter", "java.io.Writer", "java.io.ByteArrayOutputStream", "java.net.InetAddress", "java.net.Inet6Address", "java.net.UnknownHostException");

    private static final DescribedPredicate<JavaClass> THE_WORLD = describe("files, sockets, processes, threads or native memory", type ->
            !HARMLESS.contains(type.getName())
                    && (Stream.of("java.io", "java.net", "java.nio.channels", "java.lang.foreign", "java.net.http", "java.util.concurrent.locks").anyMatch(type.getPackageName()::equals)
                            || Set.of("java.nio.file.Files", "java.lang.Thread", "java.lang.Process", "java.lang.ProcessBuilder", "java.lang.Runtime",
                                            "java.util.Timer", "java.util.concurrent.Executors", "java.util.concurrent.ScheduledExecutorService")
                                    .contains(type.getName())));

    private static final DescribedPredicate<JavaAccess<?>> THE_CLOCK = describe("the clock or chance", access -> {
        String owner = access.getTargetOwner().getName();
        String name = access.getTarget().getName();
        return owner.equals("java.lang.System") && Set.of("nanoTime", "currentTimeMillis").contains(name)
                || owner.startsWith("java.time.") && name.equals("now")
                || owner.equals("java.lang.Math") && name.equals("random")
                || owner.equals("java.util.concurrent.ThreadLocalRandom");
    });

    @ArchTest
    static final ArchRule rooms_know_only_what_they_may = CompositeArchRule.of(MAY_KNOW.entrySet().stream()
            .map(entry -> (ArchRule) noClasses().that().resideInAPackage("io.canal." + entry.getKey() + "..")
                    .should().dependOnClassesThat(resideInAPackage("io.canal..")
                            .and(not(resideInAnyPackage(Stream.concat(Stream.of(entry.getKey()), entry.getValue().stream())
                                    .map(room -> "io.canal." + room + "..").toArray(String[]::new)))))
                    .allowEmptyShould(true)
                    .because("room " + entry.getKey() + " may know only " + entry.getValue()))
            .toList());

    @ArchTest
    static final ArchRule every_room_is_in_the_table = classes().that().resideInAPackage("io.canal..")
            .should().resideInAnyPackage(Stream.concat(Stream.of("agent"), MAY_KNOW.keySet().stream()).map(room -> "io.canal." + room + "..").toArray(String[]::new));

    @ArchTest
    static final ArchRule rooms_have_no_cycles = slices().matching("io.canal.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule pure_rooms_touch_nothing = noClasses().that().resideInAnyPackage(PURE)
            .should().dependOnClassesThat(THE_WORLD);

    @ArchTest
    static final ArchRule pure_rooms_have_neither_clock_nor_chance = noClasses().that().resideInAnyPackage(PURE)
            .should().accessTargetWhere(THE_CLOCK);

    @ArchTest
    static final ArchRule etcd_stays_in_the_store = noClasses().that().resideOutsideOfPackage("io.canal.store..")
            .should().dependOnClassesThat().resideInAnyPackage("io.etcd..", "io.grpc..", "io.netty..", "com.google..");

    @ArchTest
    static final ArchRule templates_stay_in_files = noClasses().that().resideOutsideOfPackage("io.canal.files..")
            .should().dependOnClassesThat().resideInAPackage("freemarker..");

    @ArchTest
    static final ArchRule yaml_is_read_where_people_write_it = noClasses().that().resideOutsideOfPackages("io.canal.config..", "io.canal.ctl..")
            .should().dependOnClassesThat().resideInAPackage("org.yaml..");

    @ArchTest
    static final ArchRule native_calls_stay_in_kernel = noClasses().that().resideOutsideOfPackage("io.canal.kernel..")
            .should().dependOnClassesThat().resideInAPackage("java.lang.foreign..");

    @ArchTest
    static final ArchRule names_say_something = noClasses().should().haveNameMatching(".*(Manager|Helper|Utils?|Impl|Data)");
}
