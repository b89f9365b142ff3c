using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;

namespace Trainer.Kernels.Gpu.Arithmetic;

/// <summary>The instructions behind <see cref="Exact"/>, for PTX and OpenCL C.</summary>
/// <remarks>
/// PTX: the .rn forms, which ptxas never contracts, without .ftz and .approx. OpenCL C: a compiler may contract a * b + c unless told otherwise, so a product
/// is written fma(a, b, -0), which has the same bits and leaves nothing to contract. Quotients and square roots are correctly rounded where the device says
/// so (<c>CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT</c>: PoCL and most others).
/// </remarks>
internal static class ExactIntrinsics
{
    /// <summary>Makes the intrinsics known to a context that is about to be built.</summary>
    public static void Register(Context.Builder builder)
    {
        var manager = builder.GetIntrinsicManager();
        foreach (var method in typeof(Exact).GetMethods(BindingFlags.Public | BindingFlags.Static))
        {
            manager.RegisterMethod(method, new PTXIntrinsic(typeof(ExactIntrinsics), $"Ptx{method.Name}", IntrinsicImplementationMode.GenerateCode));
            manager.RegisterMethod(method, new CLIntrinsic(typeof(ExactIntrinsics), $"Cl{method.Name}", IntrinsicImplementationMode.GenerateCode));
        }

        TensorCore.Register(manager);
    }

    public static void PtxAdd(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "add.rn.f32");

    public static void PtxSubtract(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "sub.rn.f32");

    public static void PtxMultiply(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "mul.rn.f32");

    public static void PtxFma(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "fma.rn.f32");

    public static void PtxDivide(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "div.rn.f32");

    public static void PtxSqrt(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "sqrt.rn.f32");

    public static void PtxAddWide(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "add.rn.f64");

    public static void PtxFmaWide(PTXBackend backend, PTXCodeGenerator generator, Value value) => Ptx(generator, value, "fma.rn.f64");

    public static void PtxBarrier(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        using var command = generator.BeginCommand("bar.sync");
        command.AppendConstant(0);
    }

    public static void ClAdd(CLBackend backend, CLCodeGenerator generator, Value value) => ClOperator(generator, value, " + ");

    public static void ClSubtract(CLBackend backend, CLCodeGenerator generator, Value value) => ClOperator(generator, value, " - ");

    public static void ClDivide(CLBackend backend, CLCodeGenerator generator, Value value) => ClOperator(generator, value, " / ");

    public static void ClMultiply(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        var (a, b, target) = (generator.Load(value[0]), generator.Load(value[1]), generator.Allocate(value));
        using var statement = generator.BeginStatement(target);
        statement.AppendCommand("fma");
        statement.BeginArguments();
        statement.AppendArgument(a);
        statement.AppendArgument(b);
        statement.AppendArgument();
        statement.AppendCommand("-0.0f");
        statement.EndArguments();
    }

    public static void ClFma(CLBackend backend, CLCodeGenerator generator, Value value) => ClCall(generator, value, "fma");

    public static void ClSqrt(CLBackend backend, CLCodeGenerator generator, Value value) => ClCall(generator, value, "sqrt");

    public static void ClAddWide(CLBackend backend, CLCodeGenerator generator, Value value) => ClOperator(generator, value, " + ");

    public static void ClFmaWide(CLBackend backend, CLCodeGenerator generator, Value value) => ClCall(generator, value, "fma");

    public static void ClBarrier(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        using var statement = generator.BeginStatement("work_group_barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)");
    }

    private static void Ptx(PTXCodeGenerator generator, Value value, string instruction)
    {
        var arguments = new RegisterAllocator<PTXRegisterKind>.PrimitiveRegister[value.Nodes.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = generator.LoadPrimitive(value[i]);
        }

        var target = generator.AllocateHardware(value);
        using var command = generator.BeginCommand(instruction);
        command.AppendArgument(target);
        foreach (var argument in arguments)
        {
            command.AppendArgument(argument);
        }
    }

    private static void ClOperator(CLCodeGenerator generator, Value value, string sign)
    {
        var (a, b, target) = (generator.Load(value[0]), generator.Load(value[1]), generator.Allocate(value));
        using var statement = generator.BeginStatement(target);
        statement.Append(a);
        statement.AppendCommand(sign);
        statement.Append(b);
    }

    private static void ClCall(CLCodeGenerator generator, Value value, string function)
    {
        var arguments = new VariableAllocator.Variable[value.Nodes.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = generator.Load(value[i]);
        }

        var target = generator.Allocate(value);
        using var statement = generator.BeginStatement(target);
        statement.AppendCommand(function);
        statement.BeginArguments();
        foreach (var argument in arguments)
        {
            statement.AppendArgument(argument);
        }

        statement.EndArguments();
    }
}
