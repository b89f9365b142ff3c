using Trainer.Kernels.Models;

namespace Trainer.Kernels.Tests.Networks;

/// <summary>
/// The zoo's networks with hidden linear layers of 131 features where AlexNet and VGG have 4096: those take nearly all the time of these networks,
/// and show nothing that fewer do not.
/// </summary>
public static class NarrowZoo
{
    public const int Hidden = 131;

    public static Model Create(string name, Shape input, int classes, ZooOptions options)
    {
        var json = Zoo.Create(name, input, classes, options).ToJson();
        return Model.FromJson(json.Replace("\"out_features\":4096", $"\"out_features\":{Hidden}", StringComparison.Ordinal), input);
    }
}
