using System.Text.RegularExpressions;
using Trainer.Differential.Tests.Generation;

namespace Trainer.Differential.Tests.Running;

/// <summary>What is known to differ from PyTorch and shall not: rows go as faults are mended.</summary>
internal static class KnownFaults
{
    private static readonly (string Job, string Reason)[] Rows =
    [
        ("ignore_index", "ignored samples count in the accuracy, and a batch of them alone has no loss"),
        ("reduction: sum", "the reported loss depends on the batch size"),
        ("(cosine|one_cycle).*warmup", "what warm-up of steps leaves is rounded to epochs"),
        ("one_cycle", "no rate where the first phase has no length"),
        ("(?s)batch_norm.*init:", "batches that a file's statistics have seen are forgotten"),
        ("affine: false", "batch norm without affine with nothing learnt before it has no memory"),
        ("sync: true", "one layer's sync changes the groups of all"),
        ("ceil_mode: true|dilation|group_norm", "windows, dilations and groups of one value that PyTorch takes are refused"),
    ];

    /// <summary>Null: the fault is none of these.</summary>
    public static string? Explain(Case tried)
    {
        var job = Yaml.Of(tried.Job);
        return Rows.FirstOrDefault(row => Regex.IsMatch(job, row.Job, RegexOptions.None, TimeSpan.FromSeconds(5))).Reason;
    }
}
