using System.Reflection;

namespace Trainer.Kernels.Schema;

/// <summary>How job files name a class of a family, such as one layer among all: <c>conv2d</c>. A public class that has it is known to readers.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class KindAttribute(string word) : Attribute
{
    public string Word { get; } = word;

    /// <summary>Whether it is what is meant where a file gives options that stand beside the kind, and no kind.</summary>
    public bool IsDefault { get; set; }

    /// <exception cref="InvalidOperationException">The class has no such attribute.</exception>
    internal static string WordOf(Type type) =>
        type.GetCustomAttribute<KindAttribute>()?.Word ?? throw new InvalidOperationException($"{type} has no [Kind]: job files could not name it.");
}
