using System.Diagnostics;
using System.Runtime.InteropServices;
using Trainer.Kernels.Arithmetic;
using Trainer.Kernels.Devices;
using Trainer.Kernels.Models;
using Trainer.Kernels.Sharding;

namespace Trainer.Kernels.Training;

/// <summary>How a network's passes go over a local batch: at once, or in parts where the device's memory does not hold it.</summary>
internal sealed class NetworkRun(
    Device device, Model model, NetworkOptions options, StatePair states, NetworkMemory memory, NetworkPasses passes, GradientSender sender, LossStep loss, HostBatch? hostBatch)
{
    /// <summary>Of the last batch.</summary>
    public int Samples { get; private set; }

    /// <summary>Whether the last pass evaluated.</summary>
    public bool Evaluates { get; private set; }

    /// <summary>When the last pass that trains began its backward half (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long BackwardStarted { get; private set; }

    /// <summary>As <see cref="Network.ForwardBackward"/>.</summary>
    public void Train(BatchSlice slice, ulong seed, ulong step, Action<int>? bucketReady) =>
        Run(slice, new Pass(states.Index, seed, step, Learns: true), bucketReady);

    /// <summary>As <see cref="Network.Estimate"/>.</summary>
    public void Estimate(BatchSlice slice, ulong seed, ulong step, Action<int>? bucketReady)
    {
        foreach (var gradient in memory.Gradients)
        {
            device.Clear(gradient);
        }

        Run(slice, new Pass(states.EvaluatedIndex, seed, step, Learns: false), bucketReady);
    }

    private void Run(BatchSlice slice, in Pass pass, Action<int>? bucketReady)
    {
        CheckSlice(slice);
        (Samples, Evaluates) = (slice.LocalSamples, false);
        states.Current.BringToDevice();
        if (options.Parts is { } parts)
        {
            RunInParts(slice, BatchParts.Of(slice, parts.Shards, options.MaxRoots), pass);
        }
        else
        {
            RunPart(slice, firstBuffer: 0, pass, bucketReady, sends: true);
        }

        sender.Report(bucketReady, wait: true);
    }

    /// <summary>Forward in evaluation mode, and the loss if it is asked for.</summary>
    public void Infer(int samples, bool withLoss)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(samples, options.MaxSamples);
        (Samples, Evaluates) = (samples, true);
        states.Current.BringToDevice();
        for (var first = 0; first < samples; first += options.PassSamples)
        {
            var count = Math.Min(options.PassSamples, samples - first);
            hostBatch?.Bring(first, count);
            passes.Evaluate(states.EvaluatedIndex, count);
            Forward(count);
            if (withLoss)
            {
                loss.Evaluate(count);
            }

            hostBatch?.Take(first, count, outputs: true);
        }
    }

    /// <summary>Forward of samples that lie in the network's memory, and loss and backward where the pass learns.</summary>
    /// <param name="slice">What they are.</param>
    /// <param name="firstBuffer">The gradient buffer of the first root.</param>
    /// <param name="bucketReady">Told of buckets that arrived on the host.</param>
    /// <param name="sends">Whether buckets go to the host as they are completed.</param>
    private void RunPart(BatchSlice slice, int firstBuffer, in Pass pass, Action<int>? bucketReady, bool sends)
    {
        passes.Train(pass.Weights, slice, firstBuffer, pass.Seed, pass.Step);
        if (slice.LocalSamples > 0)
        {
            Forward(slice.LocalSamples);
        }

        var learns = pass.Learns && slice.LocalSamples > 0;
        if (learns)
        {
            loss.Run(slice, memory.Gradients, firstBuffer);
        }

        BackwardStarted = Stopwatch.GetTimestamp();
        for (var i = 0; i < passes.BackwardCount; i++)
        {
            if (learns)
            {
                passes.Backward(i);
            }

            if (sends)
            {
                sender.Send(i, slice);
                sender.Report(bucketReady, wait: false);
            }
        }
    }

    private void RunInParts(BatchSlice slice, IReadOnlyList<BatchPart> parts, in Pass pass)
    {
        foreach (var part in parts)
        {
            hostBatch!.Bring(part.FirstSample, part.Slice.LocalSamples);
            RunPart(part.Slice, part.Buffer, pass, null, sends: false);
            foreach (var (left, right) in part.Sums)
            {
                var sum = memory.Gradients[left];
                device.Elementwise.Add(states.Current.Layout.Elements, 1, sum, new OutputEpilogue(Activation.None, memory.Gradients[right]), sum);
            }

            hostBatch.Take(part.FirstSample, part.Slice.LocalSamples, outputs: false);
        }

        for (var i = 0; i < passes.BackwardCount; i++)
        {
            sender.Send(i, slice);
        }
    }

    private void Forward(int samples)
    {
        device.Upload(memory.Input.Slice(0, samples * model.Input.Elements));
        for (var i = 0; i < passes.ForwardCount; i++)
        {
            passes.Forward(i);
        }
    }

    private void CheckSlice(BatchSlice slice)
    {
        if (!options.Training)
        {
            throw new InvalidOperationException("The network was planned for evaluation only.");
        }

        if (slice.LocalSamples > options.MaxSamples || slice.Roots.Count > options.MaxRoots)
        {
            throw new ArgumentException(
                $"The slice has {slice.LocalSamples} samples in {slice.Roots.Count} roots; "
                + $"the network was planned for {options.MaxSamples} in {options.MaxRoots}.",
                nameof(slice));
        }
    }

    /// <summary>A pass in training mode.</summary>
    /// <param name="Weights">Which it reads, as <see cref="StatePair.EvaluatedIndex"/> counts them.</param>
    /// <param name="Seed">Keys what layers draw.</param>
    /// <param name="Step">Likewise.</param>
    /// <param name="Learns">False: forward alone, for the statistics of batches.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Pass(int Weights, ulong Seed, ulong Step, bool Learns);
}
