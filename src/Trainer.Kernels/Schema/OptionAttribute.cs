namespace Trainer.Kernels.Schema;

/// <summary>How job files name an option or a word whose name in C# says something else: <c>lr</c>.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class OptionAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>A property that programs may set and job files may not.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NotInFilesAttribute : Attribute;

/// <summary>An option that all kinds of a family have, and that stands beside the kind: <c>{"name":"conv1","conv2d":{}}</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BesideKindAttribute : Attribute;
