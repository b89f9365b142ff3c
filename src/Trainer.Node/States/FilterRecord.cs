using System.Globalization;
using Trainer.Hosting.Artifacts;
using Trainer.Kernels;
using Trainer.Kernels.Formats;
using Trainer.Kernels.Models;
using Trainer.Kernels.Training;

namespace Trainer.Node.States;

/// <summary>The filters of a model's first convolution as they were behind an epoch, for people who want to see them change: <c>filters/epoch-10.safetensors</c> among a job's files.</summary>
/// <param name="Epoch">Counted from 1.</param>
/// <param name="Name">Of the weights, as in the state dict.</param>
/// <param name="Shape">(filters, channels, height, width)</param>
public sealed record FilterRecord(int Epoch, string Name, Shape Shape, float[] Weights)
{
    private const string Folder = "filters";
    private const string Beginning = $"{Folder}/epoch-";
    private const string Ending = ".safetensors";

    /// <summary>Larger filters are not kept: nobody looks at so many.</summary>
    private const int MostElements = 1 << 18;

    /// <summary>Those of the last closed epoch; null: they are not kept, or there are none.</summary>
    public static FilterRecord? Of(TrainingState state, Model model)
    {
        var epoch = state.Progress.Epochs.Count;
        return IsKept(epoch) && model.FirstFilters is { } name && state.Layout.Slots.First(slot => slot.Name == name) is { Elements: <= MostElements } slot
            ? new FilterRecord(epoch, name, slot.Shape, state.ResultOf(slot).ToArray())
            : null;
    }

    /// <summary>1 to 10, then each tenth up to 100, and so on: they change less and less, and a job of a thousand epochs keeps 28.</summary>
    public static bool IsKept(int epoch)
    {
        var unit = 1;
        while (epoch / unit >= 10)
        {
            unit *= 10;
        }

        return epoch > 0 && epoch % unit == 0;
    }

    /// <summary>Epochs on record, in order.</summary>
    /// <exception cref="IOException">The store.</exception>
    public static IReadOnlyList<int> Epochs(IArtifactStore job) =>
        [.. job.List(Folder).Where(file => file.Key.StartsWith(Beginning, StringComparison.Ordinal) && file.Key.EndsWith(Ending, StringComparison.Ordinal))
            .Select(file => int.TryParse(file.Key.AsSpan(Beginning.Length..^Ending.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) ? epoch : 0).Where(epoch => epoch > 0).Order()];

    /// <summary>Null: that epoch is not on record.</summary>
    /// <exception cref="Kernels.Data.DataFileException">It is not what it should be.</exception>
    /// <exception cref="IOException">The store.</exception>
    public static (Shape Shape, float[] Weights)? Read(IArtifactStore job, int epoch)
    {
        if (job.Get(KeyOf(epoch)) is not { } content)
        {
            return null;
        }

        var file = Path.GetTempFileName(); // What reads tensors wants one, and a bucket has none.
        try
        {
            File.WriteAllBytes(file, content);
            return Safetensors.Read(file).Values.Single();
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <exception cref="IOException">The store.</exception>
    public void Write(IArtifactStore job)
    {
        using var file = job.Create(KeyOf(Epoch));
        Safetensors.WriteTensor(file, Name, Shape, Weights);
        file.Commit();
    }

    private static string KeyOf(int epoch) => $"{Beginning}{epoch.ToString(CultureInfo.InvariantCulture)}{Ending}";
}
