package io.canal.pack;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.constantpool.FieldRefEntry;
import java.lang.classfile.constantpool.LoadableConstantEntry;
import java.lang.classfile.constantpool.MethodHandleEntry;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives records plain methods for {@code equals}, {@code hashCode} and {@code toString}.
 *
 * <p>The compiler leaves these to method handles that the JVM makes at the first use of each, and an AOT cache cannot hold those
 * (JDK 25). They say and answer what {@link java.lang.runtime.ObjectMethods} says and answers.
 */
final class RecordMethods {

    private static final String BOOTSTRAP = "java/lang/runtime/ObjectMethods";
    private static final ClassDesc OBJECTS = ClassDesc.of("java.util.Objects");
    private static final ClassDesc BUILDER = ClassDesc.of("java.lang.StringBuilder");
    private static final MethodTypeDesc NO_ARGUMENTS = MethodTypeDesc.of(ConstantDescs.CD_void);

    private final ClassFile classes;

    RecordMethods(ClassFile classes) {
        this.classes = classes;
    }

    /** A method that is asked for, and the fields that it is about, in order. */
    private record Wanted(String name, MethodTypeDesc type, List<FieldRefEntry> fields) {}

    /** The class with plain methods; the same bytes where it asks for none. */
    byte[] rewritten(byte[] bytes) {
        ClassModel model = classes.parse(bytes);
        if (model.methods().stream().noneMatch(RecordMethods::asksAnything)) {
            return bytes;
        }
        ClassDesc self = model.thisClass().asSymbol();
        List<Wanted> wanted = new ArrayList<>();
        CodeTransform replace = (builder, element) -> {
            if (asks(element)) {
                InvokeDynamicInstruction call = (InvokeDynamicInstruction) element;
                Wanted method = new Wanted("record$" + call.name().stringValue(), call.typeSymbol(), fields(call));
                wanted.add(method);
                builder.invokestatic(self, method.name, method.type);
            } else {
                builder.with(element);
            }
        };
        return classes.transformClass(model, ClassTransform.transformingMethodBodies(RecordMethods::asksAnything, replace)
                .andThen(ClassTransform.endHandler(made -> wanted.forEach(method ->
                        made.withMethodBody(method.name, method.type, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_SYNTHETIC,
                                code -> write(code, self, method))))));
    }

    private static boolean asksAnything(MethodModel method) {
        return method.code().map(code -> code.elementStream().anyMatch(RecordMethods::asks)).orElse(false);
    }

    private static boolean asks(CodeElement element) {
        return element instanceof InvokeDynamicInstruction call
                && call.invokedynamic().bootstrap().bootstrapMethod().reference().owner().asInternalName().equals(BOOTSTRAP);
    }

    /** The bootstrap's arguments: the class, the names, and a getter of each field. */
    private static List<FieldRefEntry> fields(InvokeDynamicInstruction call) {
        List<FieldRefEntry> fields = new ArrayList<>();
        for (LoadableConstantEntry argument : call.invokedynamic().bootstrap().arguments()) {
            if (argument instanceof MethodHandleEntry getter) {
                fields.add((FieldRefEntry) getter.reference());
            }
        }
        return fields;
    }

    private static void write(CodeBuilder code, ClassDesc self, Wanted method) {
        switch (method.name) {
            case "record$equals" -> equalTo(code, self, method.fields);
            case "record$hashCode" -> hash(code, method.fields);
            case "record$toString" -> text(code, self, method.fields);
            default -> throw new IllegalStateException("no record has a method " + method.name);
        }
    }

    private static void equalTo(CodeBuilder code, ClassDesc self, List<FieldRefEntry> fields) {
        code.aload(0).aload(1).ifThen(Opcode.IF_ACMPEQ, same -> same.iconst_1().ireturn());
        code.aload(1).instanceOf(self).ifThen(Opcode.IFEQ, other -> other.iconst_0().ireturn());
        code.aload(1).checkcast(self).astore(2);
        for (FieldRefEntry field : fields) {
            code.aload(0).getfield(field).aload(2).getfield(field);
            TypeKind kind = kind(field);
            switch (kind) {
                case BOOLEAN, BYTE, CHAR, SHORT, INT -> code.ifThen(Opcode.IF_ICMPNE, different -> different.iconst_0().ireturn());
                case LONG -> code.lcmp().ifThen(Opcode.IFNE, different -> different.iconst_0().ireturn());
                case FLOAT, DOUBLE -> code.invokestatic(wrapper(kind), "compare", MethodTypeDesc.of(ConstantDescs.CD_int, field.typeSymbol(), field.typeSymbol()))
                        .ifThen(Opcode.IFNE, different -> different.iconst_0().ireturn());
                case REFERENCE -> code.invokestatic(OBJECTS, "equals", MethodTypeDesc.of(ConstantDescs.CD_boolean, ConstantDescs.CD_Object, ConstantDescs.CD_Object))
                        .ifThen(Opcode.IFEQ, different -> different.iconst_0().ireturn());
                case VOID -> throw new IllegalStateException(field + " is no field");
            }
        }
        code.iconst_1().ireturn();
    }

    private static void hash(CodeBuilder code, List<FieldRefEntry> fields) {
        code.iconst_0();
        for (FieldRefEntry field : fields) {
            TypeKind kind = kind(field);
            code.loadConstant(31).imul().aload(0).getfield(field);
            if (kind == TypeKind.REFERENCE) {
                code.invokestatic(OBJECTS, "hashCode", MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_Object));
            } else {
                code.invokestatic(wrapper(kind), "hashCode", MethodTypeDesc.of(ConstantDescs.CD_int, field.typeSymbol()));
            }
            code.iadd();
        }
        code.ireturn();
    }

    private static void text(CodeBuilder code, ClassDesc self, List<FieldRefEntry> fields) {
        code.new_(BUILDER).dup().invokespecial(BUILDER, ConstantDescs.INIT_NAME, NO_ARGUMENTS);
        code.loadConstant(self).invokevirtual(ConstantDescs.CD_Class, "getSimpleName", MethodTypeDesc.of(ConstantDescs.CD_String));
        append(code, ConstantDescs.CD_String);
        String before = "[";
        for (FieldRefEntry field : fields) {
            code.loadConstant(before + field.name().stringValue() + "=");
            append(code, ConstantDescs.CD_String);
            code.aload(0).getfield(field);
            append(code, switch (kind(field)) {
                case BYTE, SHORT -> ConstantDescs.CD_int;
                case REFERENCE -> ConstantDescs.CD_Object;
                case BOOLEAN, CHAR, INT, LONG, FLOAT, DOUBLE, VOID -> field.typeSymbol();
            });
            before = ", ";
        }
        code.loadConstant(fields.isEmpty() ? "[]" : "]");
        append(code, ConstantDescs.CD_String);
        code.invokevirtual(BUILDER, "toString", MethodTypeDesc.of(ConstantDescs.CD_String)).areturn();
    }

    private static void append(CodeBuilder code, ClassDesc what) {
        code.invokevirtual(BUILDER, "append", MethodTypeDesc.of(BUILDER, what));
    }

    private static TypeKind kind(FieldRefEntry field) {
        return TypeKind.from(field.typeSymbol());
    }

    private static ClassDesc wrapper(TypeKind kind) {
        return switch (kind) {
            case BOOLEAN -> ConstantDescs.CD_Boolean;
            case BYTE -> ConstantDescs.CD_Byte;
            case CHAR -> ConstantDescs.CD_Character;
            case SHORT -> ConstantDescs.CD_Short;
            case INT -> ConstantDescs.CD_Integer;
            case LONG -> ConstantDescs.CD_Long;
            case FLOAT -> ConstantDescs.CD_Float;
            case DOUBLE -> ConstantDescs.CD_Double;
            case REFERENCE, VOID -> throw new IllegalStateException(kind + " has no wrapper");
        };
    }
}
