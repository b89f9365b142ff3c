using System.Reflection;
using Trainer.Kernels.Tests.Devices;
using Trainer.Kernels.Tests.Gpu;
using Xunit.Sdk;
using Xunit.v3;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>The suites that compare a GPU with the CPU (GpuTests.cs), each a part, each test with its arguments a case.</summary>
internal static class SuiteCases
{
    private const int LongestArgument = 40;

    public static IEnumerable<DevicePart> Parts() =>
        from type in typeof(GpuVariants).Assembly.GetTypes()
        where type.Namespace == typeof(GpuVariants).Namespace && type.BaseType?.GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public, [typeof(DeviceVariants)]) is not null
        orderby type.BaseType!.Namespace, type.Name // single operations before networks
        select new DevicePart(Topic.Bits, NameOf(type), [.. Cases(type)]);

    private static string NameOf(Type type) => type.Name[nameof(Gpu).Length..^"Tests".Length];

    private static IEnumerable<CheckCase> Cases(Type type) =>
        from method in type.GetMethods()
        where method.GetCustomAttribute<FactAttribute>() is not null // a theory is one too
        from arguments in Rows(method)
        select new CheckCase($"{method.Name}({string.Join(", ", arguments.Select(Short))})", _ => Run(type, method, arguments));

    private static IEnumerable<object?[]> Rows(MethodInfo method)
    {
        var sources = method.GetCustomAttributes().OfType<IDataAttribute>().ToList();
        return sources.Count == 0 ? [[]] : sources.SelectMany(source => Rows(source, method));
    }

    private static IEnumerable<object?[]> Rows(IDataAttribute source, MethodInfo method)
    {
        if (source is MemberDataAttributeBase member)
        {
            member.MemberType ??= method.ReflectedType; // as a runner does; without it there are no rows
        }

        return source.GetData(method, new DisposalTracker()).AsTask().GetAwaiter().GetResult().Select(row => row.GetData());
    }

    private static CaseResult Run(Type type, MethodInfo method, object?[] arguments)
    {
        try
        {
            object?[] all = [.. arguments, .. method.GetParameters().Skip(arguments.Length).Select(parameter => parameter.DefaultValue)];
            method.Invoke(Activator.CreateInstance(type), BindingFlags.DoNotWrapExceptions, null, all, null);
            return new CaseResult(Outcome.Equal);
        }
        catch (SkipException e)
        {
            return new CaseResult(Outcome.Skipped, e.Message);
        }
        catch (Exception e) when (e is IAssertionException)
        {
            return new CaseResult(Outcome.Differs, e.Message);
        }
    }

    private static string Short(object? argument)
    {
        var text = argument?.ToString() ?? "null";
        return text.Length <= LongestArgument ? text : $"{text[..LongestArgument]}...";
    }
}
