using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Training;

namespace Trainer.Node;

/// <summary>What the workers of a process compute on: a device each.</summary>
internal sealed class NodeDevices(IReadOnlyList<Device> all) : IDisposable
{
    public IReadOnlyList<Device> All => all;

    /// <summary>Each computes the golden step, on a thread of its own.</summary>
    /// <exception cref="WrongBitsException">One of them has other bits: that is said first, whatever else is wrong with others.</exception>
    public async Task ProveAsync(IReadOnlyDictionary<string, ulong> golden, ILogger logger)
    {
        var proofs = Task.WhenAll(all.Select(device => Task.Factory.StartNew(() => Prove(device, golden, logger), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        try
        {
            await proofs.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not WrongBitsException && proofs.Exception?.InnerExceptions.OfType<WrongBitsException>().FirstOrDefault() is { } wrong)
        {
            ExceptionDispatchInfo.Throw(wrong);
        }
    }

    public void WarnOfThreads(ILogger logger)
    {
        var threads = all.Where(device => device.Kind == DeviceKind.Cpu).Sum(device => device.Threads);
        if (threads > Environment.ProcessorCount)
        {
            logger.LogWarning(
                "{Threads} threads on {Processors} processors take turns and are slower than {Processors}: give --threads {Processors} or fewer, and no more workers than that.",
                threads, Environment.ProcessorCount, Environment.ProcessorCount, Environment.ProcessorCount);
        }
    }

    public void Dispose()
    {
        foreach (var device in all)
        {
            device.Dispose();
        }
    }

    private static void Prove(Device device, IReadOnlyDictionary<string, ulong> golden, ILogger logger)
    {
        var start = Stopwatch.GetTimestamp();
        if (GoldenStep.Refuse(device, golden) is { } refusal)
        {
            throw new WrongBitsException(refusal);
        }

        if (golden.ContainsKey(device.NumericsId))
        {
            logger.LogInformation("{Device} computes the golden step of {Numerics}: {Seconds:0.00} s.", device.Name, device.NumericsId, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        else
        {
            logger.LogInformation("{Device} has an arithmetic of its own, {Numerics}: no golden step is known to compare with.", device.Name, device.NumericsId);
        }
    }
}

/// <summary>A device computes wrong bits.</summary>
internal sealed class WrongBitsException(string message) : Exception(message);
