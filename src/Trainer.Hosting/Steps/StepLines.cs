using System.Globalization;
using Trainer.Hosting.Metrics;

namespace Trainer.Hosting.Steps;

/// <summary>The lines of a file of steps: comma-separated values under names, as any program reads them. A line that was torn off has fewer values.</summary>
public static class StepLines
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>The names, in order.</summary>
    public static string Head { get; } = $"step,epoch,time,{string.Join(',', StepMetric.All.Select(metric => metric.Name))}";

    public static string Of(StepRecord record) => string.Create(
        Culture,
        $"{record.Step},{record.Epoch},{record.Time:yyyy-MM-ddTHH:mm:ss.fffZ},{string.Join(',', StepMetric.All.Select(metric => metric.Of(record)?.ToString("R", Culture)))}");

    /// <summary>Null: the line is not whole, or of a release that names other numbers.</summary>
    public static StepRecord? Read(string line)
    {
        var parts = line.Split(',');
        if (parts.Length != 3 + StepMetric.All.Count || !ulong.TryParse(parts[0], Culture, out var step) || !uint.TryParse(parts[1], Culture, out var epoch)
            || !DateTime.TryParse(parts[2], Culture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time))
        {
            return null;
        }

        var values = new double?[StepMetric.All.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (double.TryParse(parts[3 + i], NumberStyles.Float, Culture, out var value))
            {
                values[i] = value;
            }
            else if (parts[3 + i].Length > 0)
            {
                return null;
            }
        }

        return values is [{ } loss, { } accuracy, { } rate, var norm, { } images, { } data, { } forward, { } backward, { } allReduce, { } optimizer]
            ? new StepRecord(step, epoch, time, loss, accuracy, rate, norm, images, new StepPhases(data, forward, backward, allReduce, optimizer))
            : null;
    }
}
