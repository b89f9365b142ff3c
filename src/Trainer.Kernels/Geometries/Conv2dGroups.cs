namespace Trainer.Kernels.Geometries;

internal static class Conv2dGroups
{
    /// <summary>The convolution that one group is.</summary>
    public static Conv2dGeometry OfGroup(in this Conv2dGeometry g) => g with { C = g.C / g.Groups, K = g.K / g.Groups, Groups = 1 };
}
