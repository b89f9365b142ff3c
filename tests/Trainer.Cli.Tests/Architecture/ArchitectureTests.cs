using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Trainer.Cli.Tests.Architecture;

/// <summary>Who may know whom, checked on what the built assemblies really refer to.</summary>
public sealed class ArchitectureTests
{
    /// <summary>The parts that each part may refer to.</summary>
    public static TheoryData<string, string[]> Allowed { get; } = new()
    {
        { "Trainer.Protos", [] },
        { "Trainer.Kernels", [] },
        { "Trainer.Kernels.Gpu", ["Trainer.Kernels"] },
        { "Trainer.Client", ["Trainer.Kernels", "Trainer.Protos"] },
        { "Trainer.Hosting", ["Trainer.Protos"] },
        { "Trainer.Node", ["Trainer.Hosting", "Trainer.Kernels", "Trainer.Protos"] },
        { "Trainer.Dashboard", [] },
        { "Trainer.Coordinator", ["Trainer.Dashboard", "Trainer.Hosting", "Trainer.Kernels", "Trainer.Protos"] },
        { "trainer", ["Trainer.Client", "Trainer.Coordinator", "Trainer.Dashboard", "Trainer.Hosting", "Trainer.Kernels", "Trainer.Kernels.Gpu", "Trainer.Node", "Trainer.Protos"] },
    };

    [Theory]
    [MemberData(nameof(Allowed))]
    public void A_part_refers_only_to_the_parts_it_may_know(string assembly, string[] allowed)
    {
        var references = References(assembly).Where(name => name.StartsWith("Trainer.", StringComparison.OrdinalIgnoreCase));

        Assert.Empty(references.Except(allowed));
    }

    [Theory]
    [InlineData("Trainer.Kernels")]
    [InlineData("Trainer.Kernels.Gpu")]
    public void Kernels_are_a_library_on_their_own(string assembly)
    {
        string[] foreign = ["Akka", "Grpc", "Google.Protobuf", "Microsoft.AspNetCore", "OpenTelemetry"];

        Assert.DoesNotContain(References(assembly), reference => foreign.Any(name => reference.StartsWith(name, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_coordinator_opens_no_device() =>
        Assert.DoesNotContain(TypesReferred("Trainer.Coordinator"), type => type.StartsWith("Trainer.Kernels.Devices.", StringComparison.Ordinal) && type.EndsWith("Device", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Allowed))]
    public void Nobody_but_the_gpus_kernels_knows_ilgpu(string assembly, string[] _) =>
        Assert.True(assembly == "Trainer.Kernels.Gpu" || !References(assembly).Exists(reference => reference.StartsWith("ILGPU", StringComparison.Ordinal)));

    [Fact]
    public void Ilgpu_types_are_in_nobodys_public_api()
    {
        var exposed = Assembly.Load("Trainer.Kernels.Gpu").GetExportedTypes()
            .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .SelectMany(TypesIn).Append(type.BaseType).Concat(type.GetInterfaces()).SelectMany(WithArguments).Select(used => (type, used)));

        Assert.DoesNotContain(exposed, pair => pair.used.Namespace?.StartsWith("ILGPU", StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData("Trainer.Protos")]
    [InlineData("Trainer.Kernels")]
    [InlineData("Trainer.Kernels.Gpu")]
    [InlineData("Trainer.Hosting")]
    [InlineData("Trainer.Node")]
    [InlineData("Trainer.Coordinator")]
    public void Configuration_is_read_by_the_composition_root_alone(string assembly) =>
        Assert.DoesNotContain(TypesReferred(assembly), type => type.StartsWith("Microsoft.Extensions.Configuration.", StringComparison.Ordinal));

    private static IEnumerable<Type?> TypesIn(MemberInfo member) => member switch
    {
        MethodBase method => method.GetParameters().Select(parameter => parameter.ParameterType).Append((method as MethodInfo)?.ReturnType),
        PropertyInfo property => [property.PropertyType],
        FieldInfo field => [field.FieldType],
        EventInfo happening => [happening.EventHandlerType],
        _ => [],
    };

    /// <summary>IReadOnlyList of X is X too.</summary>
    private static IEnumerable<Type> WithArguments(Type? type) => type is null ? [] : type.GetGenericArguments()
        .Append(type.GetElementType()).SelectMany(WithArguments).Append(type);

    private static List<string> References(string assembly) => Read(assembly, metadata =>
        metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)));

    private static List<string> TypesReferred(string assembly) => Read(assembly, metadata =>
        metadata.TypeReferences.Select(metadata.GetTypeReference).Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}"));

    private static List<string> Read(string assembly, Func<MetadataReader, IEnumerable<string>> select)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll")));
        return [.. select(file.GetMetadataReader())];
    }
}
