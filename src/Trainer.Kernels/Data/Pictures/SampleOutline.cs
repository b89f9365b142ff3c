using System.Security.Cryptography;
using System.Text;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>What is known of a picture in a file without reading it.</summary>
internal static class SampleOutline
{
    public static void Add(IncrementalHash sum, string name, long bytes, int label)
    {
        sum.AppendData(Encoding.UTF8.GetBytes(name));
        sum.AppendData(BitConverter.GetBytes(bytes));
        sum.AppendData(BitConverter.GetBytes(label));
    }
}
