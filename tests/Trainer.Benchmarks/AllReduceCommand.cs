using System.Diagnostics;
using System.Globalization;
using Trainer.Node.Tests.Reduction;

namespace Trainer.Benchmarks;

/// <summary>
/// <c>allreduce [members] [elements] [unix|tcp] [rounds]</c>: the all-reduce alone, all members in one process over real sockets.
/// </summary>
internal static class AllReduceCommand
{
    public static int Run(string[] args)
    {
        var members = Number(args, 0, 2);
        var elements = Number(args, 1, 61_712);
        var unix = args.Length < 3 || args[2] == "unix";
        var rounds = Number(args, 3, 2000);
        const int Samples = 256;
        using var group = new AllReduceGroup(members, shards: Math.Max(16, members), elements, unix);
        var times = group.OnEach(member =>
        {
            var statistics = new float[3 * group.Plan.Roots[member.Rank].Sum(root => root.Count) * (Samples / group.Plan.Shards)];
            Array.Fill(statistics, 1);
            var seconds = new double[rounds];
            for (var round = -rounds / 10; round < rounds; round++)
            {
                var start = Stopwatch.GetTimestamp();
                member.Reduce((ulong)(round + rounds), Samples, statistics);
                seconds[Math.Max(0, round)] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            return seconds;
        })[0];
        Array.Sort(times);
        var bytes = 2.0 * sizeof(float) * elements * (members - 1) / members;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"all-reduce {members} x {elements} {(unix ? "unix" : "tcp")}: median {times[rounds / 2] * 1e3:0.000} ms, p10 {times[rounds / 10] * 1e3:0.000}, "
            + $"p90 {times[rounds * 9 / 10] * 1e3:0.000}, bus {bytes / times[rounds / 2] / 1e9:0.00} GB/s"));
        return 0;
    }

    private static int Number(string[] args, int index, int otherwise) =>
        index < args.Length ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;
}
