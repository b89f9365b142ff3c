using System.Diagnostics;
using System.Text.Json;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Devices.Cpu;

namespace Trainer.Benchmarks;

/// <summary>
/// Measures calls on one device and prints median and minimum, rates, and the share of the FMA peak, which is measured first and again
/// beside each measurement, since other programs may slow the processor down. On a machine that others use as well, compare the minima and
/// the processor time of a call (all threads together, the mean of all calls).
/// </summary>
internal sealed class Bench : IDisposable
{
    private readonly BenchmarkOptions _options;
    private readonly FmaPeak _peak;

    public Bench(BenchmarkOptions options)
    {
        _options = options;
        Device = CpuDevice.Create(options.Threads);
        _peak = new FmaPeak(Device.Threads);
        if (!options.Json)
        {
            Console.WriteLine($"{Device.Description}; FMA peak {_peak.Measure():F0} GFLOP/s");
            Console.WriteLine($"{"",-44}{"median ms",11}{"min ms",11}{"cpu ms",11}{"GFLOP/s",10}{"of peak",9}");
        }
    }

    public Device Device { get; }

    public Tensor Tensor(long elements, float value = 0.01f)
    {
        var memory = Device.Allocate(elements);
        memory.Host.Fill(value);
        return new Tensor(memory, 0, elements);
    }

    /// <param name="flop">Floating-point operations of a call that somebody wants: none for padding.</param>
    public void Measure(string name, double flop, Action call)
    {
        if (_options.Only.Length > 0 && !_options.Only.Any(only => name.Contains(only, StringComparison.Ordinal)))
        {
            return;
        }

        var times = new List<double>();
        for (var i = 0; i < 3; i++)
        {
            call();
        }

        var peak = _peak.Measure();
        var cpu = Environment.CpuUsage.TotalTime;
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < _options.Seconds || times.Count < 5;)
        {
            var began = Stopwatch.GetTimestamp();
            call();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        var cpuTime = (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / times.Count;
        times.Sort();
        Report(name, flop, times[times.Count / 2], times[0], cpuTime, Math.Max(peak, _peak.Measure()));
    }

    public void Dispose()
    {
        _peak.Dispose();
        Device.Dispose();
    }

    private void Report(string name, double flop, double median, double minimum, double cpuTime, double peak)
    {
        var rate = flop / median / 1e6;
        if (_options.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                benchmark = _options.Verb,
                name,
                threads = Device.Threads,
                median_ms = median,
                min_ms = minimum,
                cpu_ms = cpuTime,
                gflops = rate,
                peak_gflops = peak,
                share_of_peak = rate / peak,
            }));
        }
        else
        {
            Console.WriteLine($"{name,-44}{median,11:F3}{minimum,11:F3}{cpuTime,11:F3}{rate,10:F1}{rate / peak,9:P0}");
        }
    }
}
