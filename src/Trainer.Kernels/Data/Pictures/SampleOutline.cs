using System.Security.Cryptography;
using System.Text;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>What is known of a picture in a file without reading it.</summary>
internal static class SampleOutline
{
    public static void Add(IncrementalHash sum, string name, long bytes, IReadOnlyList<int> labels)
    {
        sum.AppendData(Encoding.UTF8.GetBytes(name));
        sum.AppendData(BitConverter.GetBytes(bytes));
        Add(sum, labels);
    }

    /// <summary>One label as it is; more or fewer behind their number, which is written as no label is.</summary>
    public static void Add(IncrementalHash sum, IReadOnlyList<int> labels)
    {
        if (labels.Count != 1)
        {
            sum.AppendData(BitConverter.GetBytes(int.MinValue + labels.Count));
        }

        foreach (var label in labels)
        {
            sum.AppendData(BitConverter.GetBytes(label));
        }
    }
}
