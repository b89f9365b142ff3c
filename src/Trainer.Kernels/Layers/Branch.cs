using System.Collections;
using System.Runtime.CompilerServices;

namespace Trainer.Kernels.Layers;

/// <summary>One of several ways from the input of a container: modules one after another; without any, the input itself. <c>[new Conv2d(3, 1), new ReLU()]</c> is one.</summary>
[CollectionBuilder(typeof(Branch), nameof(Of))]
public sealed class Branch(params IEnumerable<Module> layers) : IEnumerable<Module>
{
    public IReadOnlyList<Module> Layers { get; } = [.. layers];

    public static Branch Of(ReadOnlySpan<Module> layers) => new(layers.ToArray().AsEnumerable());

    public IEnumerator<Module> GetEnumerator() => Layers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
