using Trainer.Kernels.Models;
using Trainer.Kernels.Tests.Hashes;

namespace Trainer.Kernels.Tests.GpuCheck;

/// <summary>Each network of the zoo, in its full width, against its hash in tests/hashes.json.</summary>
internal static class ZooCases
{
    private static readonly Lazy<NamedHashes> Named = new(Read);

    public static DevicePart Part => new(Topic.Zoo, "Zoo", [.. Zoo.Names.Select(name => new CheckCase(name, device => Compare(ZooHashes.Of(name, device), Named.Value.Zoo[name])))]);

    private static CaseResult Compare(string found, string expected) => new(found == expected ? Outcome.Equal : Outcome.Differs, $"{found}, on record {expected}");

    private static NamedHashes Read()
    {
        using var reader = new StreamReader(typeof(ZooCases).Assembly.GetManifestResourceStream("hashes.json")!);
        return NamedHashes.Parse(reader.ReadToEnd());
    }
}
