using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime.OpenCL;

namespace Trainer.Kernels.Gpu.Launching;

/// <summary>
/// The text of a kernel that an OpenCL driver compiles. ILGPU numbers its types in the order in which threads come upon them, while drivers keep what they
/// compiled by its text: with numbers in the order of the text itself, it is the same in every process, and compiled once on a machine.
/// </summary>
internal static partial class OpenClText
{
    public static CLCompiledKernel Compile(CLAccelerator accelerator, MethodInfo method)
    {
        var compiled = (CLCompiledKernel)accelerator.Backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(method), default);
        return new CLCompiledKernel(accelerator.Context, EntryPointOf(compiled), compiled.Info, Stable(compiled.Source), compiled.CVersion);
    }

    public static string Stable(string source)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        return NumberedType.Replace(source, type =>
        {
            numbers.TryAdd(type.Value, numbers.Count);
            return string.Create(CultureInfo.InvariantCulture, $"type_{numbers[type.Value]}");
        });
    }

    // ILGPU hides it, and makes no kernel of another text without it.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_EntryPoint")]
    private static extern SeparateViewEntryPoint EntryPointOf(CLCompiledKernel kernel);

    [GeneratedRegex(@"\btype_[0-9]+\b", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NumberedType { get; }
}
