using ILGPU;
using Trainer.Kernels.Gpu.Arithmetic;
using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Gpu.Reduction;

/// <param name="FirstSlot">The piece whose sum is in slot 0.</param>
/// <param name="Slots">(pieces, Elements); overwritten.</param>
/// <param name="Sum">(Elements) of this root.</param>
internal readonly record struct TreeFold(
    long Elements, RootPieces Root, int FirstSlot, ArrayView<int> Table, ArrayView<int> Lefts, ArrayView<float> Slots, ArrayView<float> Sum);

/// <summary>Sums of pieces added along their trees (canonical arithmetic, rule 4): a thread folds one element. The newest sum stays in a register.</summary>
internal static class TreeFoldKernels
{
    public static readonly Kernel<TreeFold> Fold = Kernel.Of<TreeFold>(FoldElement);

    private static void FoldElement(TreeFold a)
    {
        var element = Grid.GlobalLinearIndex;
        if (element >= a.Elements)
        {
            return;
        }

        var slots = a.Slots;
        var addition = a.Root.FirstAddition;
        var end = a.Root.First + a.Root.Count;
        var sum = 0f;
        for (var piece = a.Root.First; piece < end; piece++)
        {
            sum = slots[((piece - a.FirstSlot) * a.Elements) + element];
            var folds = a.Table[(piece * GpuReduction.PieceStride) + 3];
            if (folds > 0)
            {
                var left = 0;
                for (var fold = 0; fold < folds; fold++)
                {
                    left = a.Lefts[addition];
                    addition++;
                    sum = Exact.Add(slots[((left - a.FirstSlot) * a.Elements) + element], sum);
                }

                slots[((left - a.FirstSlot) * a.Elements) + element] = sum;
            }
        }

        var result = a.Sum;
        result[element] = sum;
    }
}
