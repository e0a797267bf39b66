package io.canal.pack;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.LoadableConstantEntry;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives classes plain methods for what a {@code switch} over types asks: which of the types is it?
 *
 * <p>The compiler leaves that to a method handle that the JVM makes at the first use of each such switch, and an AOT cache cannot
 * hold those (JDK 25): they were the larger part of what the agent's threads did between a start and the first route. A switch whose
 * labels are not only types is left as it is.
 */
final class TypeSwitches {

    private static final String BOOTSTRAP = "java/lang/runtime/SwitchBootstraps";

    private final ClassFile classes;

    TypeSwitches(ClassFile classes) {
        this.classes = classes;
    }

    /** A question of a switch: the type of what is looked at, and the types in order. */
    private record Question(String name, MethodTypeDesc type, List<ClassDesc> types) {}

    /** The class with plain methods; the same bytes where it asks nothing. */
    byte[] rewritten(byte[] bytes) {
        ClassModel model = classes.parse(bytes);
        if (!asksAnything(model)) {
            return bytes;
        }
        List<Question> questions = new ArrayList<>();
        boolean isInterface = model.flags().has(AccessFlag.INTERFACE);
        ClassDesc self = model.thisClass().asSymbol();
        CodeTransform replace = (builder, element) -> {
            if (asks(element)) {
                InvokeDynamicInstruction call = (InvokeDynamicInstruction) element;
                Question question = new Question("typeSwitch$" + questions.size(), call.typeSymbol(),
                        call.invokedynamic().bootstrap().arguments().stream().map(label -> ((ClassEntry) label).asSymbol()).toList());
                questions.add(question);
                builder.invokestatic(self, question.name, question.type, isInterface);
            } else {
                builder.with(element);
            }
        };
        return classes.transformClass(model, ClassTransform.transformingMethodBodies(TypeSwitches::asksAnything, replace)
                .andThen(ClassTransform.endHandler(made -> questions.forEach(question ->
                        made.withMethodBody(question.name, question.type, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_SYNTHETIC,
                                code -> answer(code, question))))));
    }

    private static boolean asksAnything(ClassModel model) {
        return model.methods().stream().anyMatch(TypeSwitches::asksAnything);
    }

    private static boolean asksAnything(MethodModel method) {
        return method.code().map(TypeSwitches::asksAnything).orElse(false);
    }

    private static boolean asksAnything(CodeModel code) {
        return code.elementStream().anyMatch(TypeSwitches::asks);
    }

    private static boolean asks(CodeElement element) {
        return element instanceof InvokeDynamicInstruction call
                && call.invokedynamic().bootstrap().bootstrapMethod().reference().owner().asInternalName().equals(BOOTSTRAP)
                && call.name().equalsString("typeSwitch")
                && call.invokedynamic().bootstrap().arguments().stream().allMatch(TypeSwitches::isType);
    }

    private static boolean isType(LoadableConstantEntry label) {
        return label instanceof ClassEntry;
    }

    /** As {@link java.lang.runtime.SwitchBootstraps#typeSwitch} has it: -1 for null, the number of the first type from the given one on, or how many there are. */
    private static void answer(CodeBuilder code, Question question) {
        code.aload(0).ifThen(Opcode.IFNULL, isNull -> isNull.loadConstant(-1).ireturn());
        for (int i = 0; i < question.types.size(); i++) {
            int number = i;
            ClassDesc type = question.types.get(i);
            code.iload(1).loadConstant(number).ifThen(Opcode.IF_ICMPLE, from ->
                    from.aload(0).instanceOf(type).ifThen(is -> is.loadConstant(number).ireturn()));
        }
        code.loadConstant(question.types.size()).ireturn();
    }
}
