using System.Globalization;
using System.Text.RegularExpressions;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Tests.Gpu;

/// <summary>Finds in compiled kernels what would be wrong, slow or not portable on a device that is not at hand.</summary>
internal static partial class KernelLint
{
    /// <summary>Static shared memory of a group of threads that every OpenCL device has.</summary>
    public const int SharedBytes = 32 << 10;

    private const RegexOptions Options = RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.Multiline;

    private const int TimeoutMs = 10_000;

    private const string OpenClBarrier = "work_group_barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)";

    /// <summary>What kernels may call in OpenCL C, beside functions of their own.</summary>
    private static readonly HashSet<string> OpenClFunctions = new(StringComparer.Ordinal)
    {
        "if", "switch", "while", "for", "return", "fma", "sqrt", "work_group_barrier", "as_float", "as_int", "as_uint", "isnan", "min", "max",
        "get_global_id", "get_local_id", "get_group_id", "get_local_size", "get_num_groups",
    };

    /// <param name="takesFloat64">Float64 is no fault.</param>
    public static IEnumerable<string> FaultsOfPtx(string ptx, bool takesFloat64 = false)
    {
        var bodies = Bodies().Matches(ptx).Select(match => NameIn(match)).ToHashSet(StringComparer.Ordinal);
        foreach (var target in Names(Calls().Matches(ptx)))
        {
            if (!bodies.Contains(target))
            {
                yield return $"calls {target}, which is not there";
            }
            else if (Stub().IsMatch(target))
            {
                yield return $"calls {target} where its instruction belongs";
            }
        }

        var shared = Shared().Matches(ptx).Sum(match => long.Parse(NameIn(match), CultureInfo.InvariantCulture));
        if (shared > SharedBytes)
        {
            yield return $"{shared} bytes of shared memory, expected at most {SharedBytes}";
        }

        foreach (var instruction in Texts(Arithmetic().Matches(ptx)))
        {
            yield return $"{instruction}, expected the .rn form";
        }

        foreach (var barrier in Texts(Barriers().Matches(ptx)).Where(barrier => !OwnBarrier().IsMatch(barrier)))
        {
            yield return $"{barrier}, expected bar.sync 0";
        }

        foreach (var word in Texts(Unwanted().Matches(ptx)).Where(word => !takesFloat64 || !word.EndsWith(".f64", StringComparison.Ordinal)))
        {
            yield return word;
        }
    }

    public static IEnumerable<string> FaultsOfOpenCl(string source)
    {
        var own = Definitions().Matches(source).Select(match => NameIn(match)).ToHashSet(StringComparer.Ordinal);
        foreach (var function in Names(Invocations().Matches(source)).Where(function => !OpenClFunctions.Contains(function) && !own.Contains(function)))
        {
            yield return $"calls {function}";
        }

        foreach (var barrier in Texts(OpenClBarriers().Matches(source)).Where(barrier => barrier != OpenClBarrier))
        {
            yield return $"{barrier}, expected {OpenClBarrier}";
        }

        // The compiler casts the operands of its own arithmetic; intrinsics have none.
        foreach (var expression in Texts(CastArithmetic().Matches(source)))
        {
            yield return $"{expression}, expected an intrinsic";
        }

        foreach (var array in Names(PrivateArrays().Matches(source)))
        {
            yield return $"{array.Trim()} in private memory";
        }
    }

    /// <summary>Promises of a kernel that its code does not keep.</summary>
    public static IEnumerable<string> BrokenPromises(KernelPromise promises, string ptx)
    {
        (KernelPromise Promise, string Instruction)[] signs =
        [
            (KernelPromise.FusedProducts, "fma.rn.f32"),
            (KernelPromise.SharedVectorLoads, "ld.shared.v4.f32"),
            (KernelPromise.GlobalVectorLoads, "ld.global.v4.f32"),
            (KernelPromise.TensorCores, "mma.sync.aligned"),
            (KernelPromise.WideSums, "fma.rn.f64"),
        ];
        return from sign in signs
               where promises.HasFlag(sign.Promise) && !ptx.Contains(sign.Instruction, StringComparison.Ordinal)
               select $"promises {sign.Promise}, but has no {sign.Instruction}";
    }

    private static IEnumerable<string> Texts(MatchCollection matches) => matches.Select(match => match.Value).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> Names(MatchCollection matches) => matches.Select(NameIn).Distinct(StringComparer.Ordinal);

    private static string NameIn(Match match) => match.Groups["name"].Value;

    /// <summary>Functions with a body; a declaration ends in a semicolon.</summary>
    [GeneratedRegex(@"\.func\s*(?:\([^)]*\)\s*)?(?<name>\w+)\s*\([^)]*\)\s*\{", Options, TimeoutMs)]
    private static partial Regex Bodies();

    [GeneratedRegex(@"\bcall(?:\.uni)?\s+(?:\([^)]*\)\s*,\s*)?(?<name>\w+)", Options, TimeoutMs)]
    private static partial Regex Calls();

    /// <summary>The functions that the compiler leaves of <c>Exact</c>: empty.</summary>
    [GeneratedRegex(@"\A(?:Add|Subtract|Multiply|Fma|Divide|Sqrt|AddWide|FmaWide|Barrier)_\d+\z", Options, TimeoutMs)]
    private static partial Regex Stub();

    [GeneratedRegex(@"\.shared\s+\.align\s+\d+\s+\.b8\s+\w+\[(?<name>\d+)\]", Options, TimeoutMs)]
    private static partial Regex Shared();

    [GeneratedRegex(@"\b(?:add|sub|mul|mad|fma|div|rcp|sqrt|rsqrt|ex2|lg2|sin|cos|tanh)\.(?!rn\.f(?:32|64)\b)[\w.]*f(?:16|32|64)\w*", Options, TimeoutMs)]
    private static partial Regex Arithmetic();

    [GeneratedRegex(@"\b(?:bar|barrier)\.[^;]*", Options, TimeoutMs)]
    private static partial Regex Barriers();

    [GeneratedRegex(@"\Abar\.sync\s+0\z", Options, TimeoutMs)]
    private static partial Regex OwnBarrier();

    /// <summary>Spilled arrays, approximations, flushed numbers, double precision, memory beyond the static; what OpenCL devices may lack.</summary>
    [GeneratedRegex(@"\.local\b|\.approx\b|\.ftz\b|\w+\.f64\b|\.extern\s+\.shared|\b(?:atom|red|shfl|vote|match|activemask)\.[\w.]*", Options, TimeoutMs)]
    private static partial Regex Unwanted();

    [GeneratedRegex(@"^[\w\s*]+?\b(?<name>\w+)\s*\([^;{]*\)\s*\{", Options, TimeoutMs)]
    private static partial Regex Definitions();

    [GeneratedRegex(@"\b(?<name>[A-Za-z_]\w*)\s*\(", Options, TimeoutMs)]
    private static partial Regex Invocations();

    [GeneratedRegex(@"\b\w*barrier\w*\s*\([^)]*\)|\b\w*mem_fence\w*\s*\([^)]*\)", Options, TimeoutMs)]
    private static partial Regex OpenClBarriers();

    /// <summary>Two operands; conversions and changes of sign are exact, or rounded to nearest.</summary>
    [GeneratedRegex(@"\((?:float|double|half)\)\s*\(\s*\(\w+\)\s*\w+\s+[-+*/%][^;]*", Options, TimeoutMs)]
    private static partial Regex CastArithmetic();

    [GeneratedRegex(@"^\s*(?<name>(?!local\b|return\b|goto\b)[\w ]+\s+var\d+\[\d+\]);", Options, TimeoutMs)]
    private static partial Regex PrivateArrays();
}
