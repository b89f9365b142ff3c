using System.Globalization;

namespace Trainer.Benchmarks.Reduction;

/// <summary>What one member measured, or all of them: then each figure is that of the slowest member, or of the one that took most.</summary>
/// <param name="bus_gb_per_s">NCCL's bus bandwidth, 2 (W - 1) / W x bytes / median.</param>
/// <param name="allocated_bytes">On the managed heap of a process, per all-reduce, the barrier before it included.</param>
/// <param name="pooled_bytes">Native memory of a process for what it has received and not yet used, at the end: the pool never shrinks.</param>
/// <param name="cpu_ms">Processor time of a process per all-reduce, the barrier before it included.</param>
// The names are those of the output.
internal sealed record AllReduceFigures(
    int workers, int elements, string transport, int rounds, double median_ms, double p10_ms, double p90_ms, double bus_gb_per_s,
    double cpu_ms, long allocated_bytes, long pooled_bytes)
{
    public static string Header =>
        $"{"workers",8}{"elements",12}{"",8}{"rounds",8}{"median ms",11}{"p10",9}{"p90",9}{"bus GB/s",10}{"cpu ms",9}{"allocated",11}{"pool MiB",10}";

    public static AllReduceFigures Of(AllReduceOptions options, IReadOnlyList<double> seconds, double cpuSeconds, long allocated, long pooled)
    {
        var sorted = seconds.Order().ToArray();
        var (elements, count) = (options.Elements[0], sorted.Length);
        var bytes = 2.0 * sizeof(float) * elements * (options.Workers - 1) / options.Workers;
        return new AllReduceFigures(
            options.Workers, elements, options.Transport, count,
            sorted[count / 2] * 1e3, sorted[count / 10] * 1e3, sorted[count * 9 / 10] * 1e3, bytes / sorted[count / 2] / 1e9,
            cpuSeconds * 1e3 / count, allocated / count, pooled);
    }

    public static AllReduceFigures OfAll(IReadOnlyList<AllReduceFigures> members)
    {
        var slowest = members.MaxBy(member => member.median_ms)!;
        return slowest with
        {
            cpu_ms = members.Max(member => member.cpu_ms),
            allocated_bytes = members.Max(member => member.allocated_bytes),
            pooled_bytes = members.Max(member => member.pooled_bytes),
        };
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{workers,8}{elements,12}{transport,8}{rounds,8}{median_ms,11:F3}{p10_ms,9:F3}{p90_ms,9:F3}{bus_gb_per_s,10:F2}{cpu_ms,9:F3}{allocated_bytes,11}{pooled_bytes >> 20,10}");
}
