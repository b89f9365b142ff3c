using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace Trainer.Kernels.Gpu.Launching;

/// <summary>What the machine code of a kernel is known for; tests look for it in what the compiler writes.</summary>
[Flags]
internal enum KernelPromise
{
    None = 0,

    /// <summary>Products are fused into their sums.</summary>
    FusedProducts = 1,

    /// <summary>Shared memory is read 16 bytes at a time.</summary>
    SharedVectorLoads = 2,

    /// <summary>Global memory is read 16 bytes at a time.</summary>
    GlobalVectorLoads = 4,

    /// <summary>Products are made by tensor cores, in TF32: not exact, and for CUDA devices from compute capability 8.0 on.</summary>
    TensorCores = 8,

    /// <summary>Sums are in float64, which some OpenCL devices have not.</summary>
    WideSums = 16,
}

/// <summary>A function that runs on the device, once per thread. It is static, takes one struct, and is explicitly grouped (one dimension).</summary>
internal abstract class Kernel(MethodInfo method, KernelPromise promises)
{
    private static readonly Lazy<IReadOnlyList<Kernel>> Catalog = new(Find);

    private static int _count;

    /// <summary>Every kernel of this assembly: the static fields of type <see cref="Kernel"/> and the members of those that are families.</summary>
    public static IReadOnlyList<Kernel> All => Catalog.Value;

    /// <summary>Number of the kernel, from 0.</summary>
    public int Index { get; } = Interlocked.Increment(ref _count) - 1;

    public MethodInfo Method { get; } = method;

    public string Name { get; } = NameOf(method);

    public KernelPromise Promises { get; protected set; } = promises;

    /// <summary>Whether the kernel needs the tensor cores of CUDA devices from compute capability 8.0 on, so that nothing else can compile it.</summary>
    public bool NeedsTensorCores => Promises.HasFlag(KernelPromise.TensorCores);

    /// <summary>Whether the kernel needs a device that computes in float64.</summary>
    public bool NeedsFloat64 => Promises.HasFlag(KernelPromise.WideSums);

    public static Kernel<TArguments> Of<TArguments>(Action<TArguments> body, KernelPromise promises = KernelPromise.None)
        where TArguments : struct => new(body, promises);

    public override string ToString() => Name;

    private static string NameOf(MethodInfo method)
    {
        var variants = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(type => type.Name))}>" : "";
        var type = method.DeclaringType!;
        var typeVariants = type.IsGenericType ? $"<{string.Join(", ", type.GetGenericArguments().Select(argument => argument.Name))}>" : "";
        return $"{type.Name.Split('`')[0]}{typeVariants}.{method.Name}{variants}";
    }

    private static IReadOnlyList<Kernel> Find() =>
    [
        .. from type in typeof(Kernel).Assembly.GetTypes()
           where !type.ContainsGenericParameters
           from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
           where typeof(Kernel).IsAssignableFrom(field.FieldType) || typeof(IKernelFamily).IsAssignableFrom(field.FieldType)
           orderby type.Name, field.Name
           from kernel in field.GetValue(null) is IKernelFamily family ? family.Members : [(Kernel)field.GetValue(null)!]
           select kernel,
    ];
}

/// <summary>Variants of a kernel, in a static field.</summary>
internal interface IKernelFamily
{
    IReadOnlyList<Kernel> Members { get; }
}

/// <typeparam name="TArguments">Views, numbers and structs of them.</typeparam>
internal sealed class Kernel<TArguments>(Action<TArguments> body, KernelPromise promises) : Kernel(body.Method, promises)
    where TArguments : struct
{
    /// <summary>The same kernel, for tensor cores only.</summary>
    public Kernel<TArguments> OnTensorCores()
    {
        Promises = KernelPromise.TensorCores;
        return this;
    }

    /// <summary>Compiles the kernel for a device.</summary>
    public Action<AcceleratorStream, KernelConfig, TArguments> Load(Accelerator accelerator) => accelerator is CLAccelerator openCl
        ? openCl.LoadKernel(OpenClText.Compile(openCl, Method)).CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TArguments>>()
        : accelerator.LoadKernel(body);
}
